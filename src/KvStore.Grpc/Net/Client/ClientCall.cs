using System.Net;
using Grpc.Core;
using Grpc.Protocol;

namespace Grpc.Net.Client;

/// <summary>One call without its message types: the request, its deadline and cancellation, and how it ended.</summary>
internal abstract class ClientCall(GrpcChannel channel, CallOptions options) : IDisposable
{
    public static readonly Func<object, Task<Metadata>> ResponseHeaders = static call => ((ClientCall)call).ReadHeadersAsync();
    public static readonly Func<object, Status> StatusOf = static call => ((ClientCall)call).KnownOutcome.Status;
    public static readonly Func<object, Metadata> TrailersOf = static call => ((ClientCall)call).KnownOutcome.Trailers;
    public static readonly Action<object> DisposeCall = static call => ((ClientCall)call).Dispose();

    /// <summary>Timers reach no further; a later deadline is sent to the server and not enforced here.</summary>
    private static readonly TimeSpan LongestTimer = TimeSpan.FromDays(40);

    private static readonly string UserAgent = $"grpc-kvstore-dotnet/{typeof(ClientCall).Assembly.GetName().Version?.ToString(3)}";

    /// <summary>Never disposed: it has no timer of its own, and the HTTP handler may still look at its token.</summary>
    private readonly CancellationTokenSource _cancellation = new();

    /// <summary>Null before the call starts and once it has left, which it does once.</summary>
    private ChannelConnection? _connection;

    private ITimer? _deadlineTimer;
    private CancellationTokenRegistration _callerRegistration;
    private HttpResponseMessage? _message;
    private CallOutcome? _ended;
    private int _cancelCause;

    /// <summary>How the call ended, or null while it runs. Set once, except that a response found invalid after its end turns OK into INTERNAL.</summary>
    public CallOutcome? Ended => Volatile.Read(ref _ended);

    /// <summary>The response once its headers are here, or null if the call ended before; never fails.</summary>
    protected Task<HttpResponseMessage?> Response { get; private set; } = Task.FromResult<HttpResponseMessage?>(null);

    protected CancellationToken Cancellation => _cancellation.Token;

    /// <summary>Encoding of the response's messages.</summary>
    protected string? ResponseEncoding { get; private set; }

    private CallOutcome KnownOutcome => Ended ?? throw new InvalidOperationException("The call has not ended.");

    public void Start<TRequest, TResponse>(Method<TRequest, TResponse> method, HttpContent content)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, channel.AddressOf(method))
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = content,
        };
        var headers = request.Headers;
        headers.TryAddWithoutValidation("TE", "trailers");
        headers.TryAddWithoutValidation("User-Agent", UserAgent);
        headers.TryAddWithoutValidation(GrpcProtocol.AcceptEncodingHeader, GrpcProtocol.AcceptedEncodings);
        if (options.Headers is { } metadata)
        {
            foreach (var entry in metadata)
            {
                if (!GrpcProtocol.IsReserved(entry.Key))
                    headers.TryAddWithoutValidation(entry.Key, entry.WireValue);
            }
        }

        if (options.Deadline is { } deadline && deadline != DateTime.MaxValue)
        {
            var timeout = deadline.ToUniversalTime() - channel.Options.TimeProvider.GetUtcNow().UtcDateTime;
            headers.TryAddWithoutValidation(GrpcProtocol.TimeoutHeader, GrpcTimeout.Format(timeout));
            StartDeadline(timeout);
        }

        if (options.CancellationToken.CanBeCanceled)
            _callerRegistration = options.CancellationToken.UnsafeRegister(static call => ((ClientCall)call!).Cancel(CancelCause.Caller), this);
        var connection = channel.Enter();
        _connection = connection;
        Response = SendAsync(connection, request, content as IRequestStream);
    }

    /// <summary>Ends the call from this side; the first cause stays.</summary>
    public void Cancel(CancelCause cause)
    {
        if (Ended is not null || Interlocked.CompareExchange(ref _cancelCause, (int)cause, (int)CancelCause.None) != (int)CancelCause.None)
            return;
        ResetStream();
    }

    /// <summary>The end of a call whose request stream could not be written, because the server ended or reset it or the connection is gone.</summary>
    public abstract Task<CallOutcome> EndOfBrokenWriteAsync(Exception exception);

    public virtual void Dispose()
    {
        Cancel(CancelCause.Disposed);
        Volatile.Read(ref _message)?.Dispose();
        LeaveConnection();
    }

    /// <summary>Ends the call with what an exception means, unless it has ended.</summary>
    protected CallOutcome EndWith(Exception exception)
    {
        var outcome = End(Explain(exception));
        ResetStream();
        return outcome;
    }

    /// <summary>Ends the call with an outcome, unless it has ended.</summary>
    protected CallOutcome End(CallOutcome outcome)
    {
        if (Interlocked.CompareExchange(ref _ended, outcome, null) is { } earlier)
            return earlier;
        StopWatching();
        return outcome;
    }

    /// <summary>Turns OK into INTERNAL when the response that ended with it proves invalid.</summary>
    protected CallOutcome EndInvalid(string detail)
    {
        var outcome = new CallOutcome(new Status(StatusCode.Internal, detail), Ended?.Trailers ?? []);
        Volatile.Write(ref _ended, outcome);
        StopWatching();
        return outcome;
    }

    /// <summary>Neither the deadline nor the caller's token has anything left to end.</summary>
    private void StopWatching()
    {
        _deadlineTimer?.Dispose();
        _callerRegistration.Unregister();
        LeaveConnection();
    }

    private void LeaveConnection() => Interlocked.Exchange(ref _connection, null)?.Leave();

    private void ResetStream()
    {
        _cancellation.Cancel();
        Volatile.Read(ref _message)?.Dispose(); // frees a writer that waits for window, which the token no longer reaches
    }

    private void StartDeadline(TimeSpan timeout)
    {
        if (timeout <= TimeSpan.Zero)
            Cancel(CancelCause.Deadline);
        else if (timeout < LongestTimer)
            _deadlineTimer = channel.Options.TimeProvider.CreateTimer(static call => ((ClientCall)call!).Cancel(CancelCause.Deadline), this, timeout, Timeout.InfiniteTimeSpan);
    }

    private async Task<HttpResponseMessage?> SendAsync(ChannelConnection connection, HttpRequestMessage request, IRequestStream? requests)
    {
        try
        {
            var response = await connection.SendAsync(request, Cancellation).ConfigureAwait(false);
            Volatile.Write(ref _message, response);
            if (Cancellation.IsCancellationRequested)
                response.Dispose(); // cancelled while the response was on its way
            if (ResponseFields.Refusal(response) is { } refusal)
                throw new RpcException(refusal);
            ResponseEncoding = ResponseFields.Find(response.Headers.NonValidated, GrpcProtocol.EncodingHeader);
            return response;
        }
        catch (Exception e)
        {
            EndWith(e);
            requests?.CallFailed();
            Volatile.Read(ref _message)?.Dispose();
            return null;
        }
    }

    private async Task<Metadata> ReadHeadersAsync()
    {
        var response = await Response.ConfigureAwait(false) ?? throw KnownOutcome.ToException();
        return ResponseFields.ToMetadata(response.Headers.NonValidated);
    }

    private CallOutcome Explain(Exception exception)
    {
        if (exception is RpcException rpc)
            return new CallOutcome(rpc.Status, rpc.Trailers);
        return new CallOutcome(Volatile.Read(ref _cancelCause) switch
        {
            (int)CancelCause.Deadline => new Status(StatusCode.DeadlineExceeded, "The deadline passed.", exception),
            (int)CancelCause.Caller => new Status(StatusCode.Cancelled, "The caller cancelled the call.", exception),
            (int)CancelCause.Disposed => new Status(StatusCode.Cancelled, "The call was disposed.", exception),
            _ => TransportFailure(exception),
        }, []);
    }

    private static Status TransportFailure(Exception exception)
    {
        for (var inner = exception; inner is not null; inner = inner.InnerException)
        {
            if (inner is RpcException rpc)
                return rpc.Status;
            if (inner is HttpProtocolException protocol)
                return new Status(StatusMapping.FromHttp2Error(protocol.ErrorCode), $"HTTP/2 error {protocol.ErrorCode}: {protocol.Message}", exception);
        }

        // The handler reports its own connect time-out as a cancellation.
        var code = exception is HttpRequestException or IOException or OperationCanceledException or ObjectDisposedException ? StatusCode.Unavailable : StatusCode.Internal;
        return new Status(code, exception.Message, exception);
    }
}
