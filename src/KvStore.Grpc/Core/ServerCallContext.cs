namespace Grpc.Core;

/// <summary>What a handler knows about its call. Public members and their <c>…Core</c> twins are as in the public API, so that test doubles move over too.</summary>
internal abstract class ServerCallContext
{
    private Dictionary<object, object>? _userState;

    /// <summary>The HTTP/2 path of the method.</summary>
    public string Method => MethodCore;

    public string Host => HostCore;

    /// <summary>The caller's address: <c>ipv4:127.0.0.1:40000</c>.</summary>
    public string Peer => PeerCore;

    /// <summary>When the call ends at the latest, UTC; <see cref="DateTime.MaxValue"/> if the caller named no deadline.</summary>
    public DateTime Deadline => DeadlineCore;

    public Metadata RequestHeaders => RequestHeadersCore;

    /// <summary>Fires when the caller cancels, its connection is lost, or the deadline passes.</summary>
    public CancellationToken CancellationToken => CancellationTokenCore;

    public Metadata ResponseTrailers => ResponseTrailersCore;

    /// <summary>The status that the call ends with if the handler returns; OK unless set.</summary>
    public Status Status
    {
        get => StatusCore;
        set => StatusCore = value;
    }

    /// <summary>How response messages are written; null leaves the default.</summary>
    public WriteOptions? WriteOptions
    {
        get => WriteOptionsCore;
        set => WriteOptionsCore = value;
    }

    public IDictionary<object, object> UserState => UserStateCore;

    protected abstract string MethodCore { get; }

    protected abstract string HostCore { get; }

    protected abstract string PeerCore { get; }

    protected abstract DateTime DeadlineCore { get; }

    protected abstract Metadata RequestHeadersCore { get; }

    protected abstract CancellationToken CancellationTokenCore { get; }

    protected abstract Metadata ResponseTrailersCore { get; }

    protected abstract Status StatusCore { get; set; }

    protected abstract WriteOptions? WriteOptionsCore { get; set; }

    protected virtual IDictionary<object, object> UserStateCore => _userState ??= [];

    /// <summary>Sends headers ahead of the first message. Once a call, else <see cref="InvalidOperationException"/>.</summary>
    public Task WriteResponseHeadersAsync(Metadata responseHeaders) => WriteResponseHeadersAsyncCore(responseHeaders);

    protected abstract Task WriteResponseHeadersAsyncCore(Metadata responseHeaders);
}
