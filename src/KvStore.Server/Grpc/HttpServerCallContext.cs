using System.Buffers;
using System.Globalization;
using System.IO.Pipelines;
using System.Net;
using System.Net.Sockets;
using Grpc.Core;
using Grpc.Protocol;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;
using Microsoft.Extensions.Logging;

namespace KvStore.Server.Grpc;

/// <summary>
/// One call on one HTTP/2 stream: reads requests, writes responses, ends with trailers. At its deadline the call ends towards the caller at once,
/// whether or not its handler looks at the token; the handler may run on and finds its stream closed.
/// </summary>
internal sealed partial class HttpServerCallContext(HttpContext http, GrpcServerOptions options, ILogger log) : ServerCallContext
{
    public static readonly Status DeadlinePassed = new(StatusCode.DeadlineExceeded, "The deadline passed.");
    private static readonly Status ServerStops = new(StatusCode.Unavailable, "the node is stopping");

    /// <summary>Timers reach no further; a later deadline is as good as none.</summary>
    private static readonly TimeSpan LongestTimer = TimeSpan.FromDays(40);

    /// <summary>Responses with a buffer hint gather up to this size.</summary>
    private const int HintedBytesMax = 32 * 1024;

    private readonly PipeReader _requests = http.Request.BodyReader;
    private readonly PipeWriter _responses = http.Response.BodyWriter;
    private readonly MessageDeserializer _deserializer = new(options.MaxReceiveMessageSize);
    private readonly MessageSerializer _serializer = new(http.Response.BodyWriter, options.MaxSendMessageSize);

    /// <summary>Guards the response: the deadline or the server's stop ends it while the handler may be writing. Held only over synchronous steps.</summary>
    private readonly Lock _response = new();

    private bool _headersSent;
    private bool _finished;
    private Task _completion = Task.CompletedTask;

    /// <summary>What was read and not yet parsed; its pipe is told only when it is used up, once for many messages.</summary>
    private ReadOnlySequence<byte> _unparsed;

    private bool _holdsRead;
    private bool _requestsEnded;

    private DateTime _deadline = DateTime.MaxValue;
    private ITimer? _deadlineTimer;
    private CancellationTokenSource? _cancellation;
    /// <summary>The deadline or the server's stop may end the call before its handler does. Set before the handler runs.</summary>
    private bool _mayEndEarly;

    /// <summary>One of them has. Guarded by <see cref="_response"/>.</summary>
    private bool _endedEarly;

    private CancellationTokenRegistration _abortRegistration;
    private CancellationTokenRegistration _stopRegistration;
    private volatile bool _deadlineExceeded;
    private CancellationToken _token;

    /// <summary><see cref="_token"/> is what <see cref="Token"/> gives. Guarded by <see cref="_response"/> while false.</summary>
    private volatile bool _hasToken;

    private Status _status = Status.DefaultSuccess;
    private Metadata? _requestHeaders;
    private Metadata? _responseTrailers;
    private Metadata? _trailersAtDeadline;

    /// <summary>The request behind the call: connection, client certificate, features.</summary>
    public HttpContext HttpContext => http;

    /// <summary>What the call ends with if its deadline passes now; not changed after it was given here.</summary>
    public Metadata? TrailersAtDeadline
    {
        get => Volatile.Read(ref _trailersAtDeadline);
        set => Volatile.Write(ref _trailersAtDeadline, value);
    }

    /// <summary>True when the deadline ended the call, and not the caller.</summary>
    public bool DeadlineExceeded => _deadlineExceeded;

    protected override string MethodCore => http.Request.Path.Value ?? "";

    protected override string HostCore => http.Request.Host.Value ?? "";

    protected override DateTime DeadlineCore => _deadline;

    protected override CancellationToken CancellationTokenCore => Token;

    protected override Metadata ResponseTrailersCore => _responseTrailers ??= [];

    protected override WriteOptions? WriteOptionsCore { get; set; }

    protected override Status StatusCore
    {
        get => _status;
        set => _status = value;
    }

    protected override string PeerCore
    {
        get
        {
            if (http.Connection.RemoteIpAddress is not { } address)
                return "unknown";
            var family = address.AddressFamily == AddressFamily.InterNetwork ? "ipv4" : "ipv6";
            return string.Create(CultureInfo.InvariantCulture, $"{family}:{new IPEndPoint(address, http.Connection.RemotePort)}");
        }
    }

    protected override Metadata RequestHeadersCore => _requestHeaders ??= ReadMetadata(http.Request.Headers);

    /// <summary>Fires when the caller is gone, or the call ended early. Made when it is first asked for, since a unary write never does, and the request's own token is made then, too.</summary>
    private CancellationToken Token
    {
        get
        {
            if (!_hasToken) MakeToken();
            return _token;
        }
    }

    public static Status Unimplemented(HttpContext http) => new(StatusCode.Unimplemented, $"The method {http.Request.Path} is not implemented here.");

    /// <summary>Reads what the protocol itself says in the headers. Malformed values are an <see cref="RpcException"/> with the status that the specification names.</summary>
    public void Begin(MethodType type)
    {
        if (type is MethodType.ClientStreaming or MethodType.DuplexStreaming)
            LiftUploadLimits();
        var headers = http.Request.Headers;
        if (headers.GrpcTimeout is { Count: > 0 } timeout)
            BeginDeadline(timeout.ToString());
        if (headers.GrpcEncoding is { Count: > 0 } encoding)
            BeginEncoding(encoding.ToString());
        foreach (var header in headers)
        {
            if (!MetadataWire.IsBinary(header.Key))
                continue;
            _requestHeaders = ReadMetadata(headers); // found invalid now, not when a handler looks, if one does
            break;
        }
    }

    /// <summary>Ends the call when the server stops: a stream lasts as long as its caller likes, and would hold the server up.</summary>
    public void EndWith(CancellationToken stopping)
    {
        _mayEndEarly = true;
        MakeToken(); // a stream's handler may ask for it on any thread, and the request may be asked by one at a time
        _stopRegistration = stopping.UnsafeRegister(static call => ((HttpServerCallContext)call!).EndEarly(ServerStops), this);
    }

    /// <summary>The only message of a request; too few or too many are INTERNAL.</summary>
    public async ValueTask<T> ReadSingleAsync<T>(Marshaller<T> marshaller)
        where T : class
    {
        T? message = null;
        while (true)
        {
            var result = await ReceiveAsync(CancellationToken.None).ConfigureAwait(false);
            var buffer = result.Buffer;
            if (message is null)
                _deserializer.TryRead(ref buffer, marshaller, out message);
            var surplus = message is not null && !buffer.IsEmpty;
            _requests.AdvanceTo(buffer.Start, buffer.End);
            if (surplus)
                throw new RpcException(new Status(StatusCode.Internal, "The request of a call with one request holds more than one message."));
            if (result.IsCompleted)
                return message ?? throw new RpcException(new Status(StatusCode.Internal, "The request ended before its message was whole."));
        }
    }

    /// <summary>The next message, or null at the end of the request stream.</summary>
    public ValueTask<T?> ReadNextAsync<T>(Marshaller<T> marshaller, CancellationToken cancellationToken)
        where T : class
    {
        if (_holdsRead && _deserializer.TryRead(ref _unparsed, marshaller, out var message))
            return new ValueTask<T?>(message);
        return ReceiveNextAsync(marshaller, cancellationToken);
    }

    /// <summary>Writes a response and starts to send it. Once the call has ended: <see cref="OperationCanceledException"/> if it was cut short.</summary>
    public ValueTask<FlushResult> Write<T>(Marshaller<T> marshaller, T message, FlushMode mode, CancellationToken cancellationToken)
    {
        Token.ThrowIfCancellationRequested();
        lock (_response)
        {
            Append(marshaller, message);
            if (mode == FlushMode.WhenFull && _responses.CanGetUnflushedBytes && _responses.UnflushedBytes < HintedBytesMax)
                return default;
            return _responses.FlushAsync(cancellationToken.CanBeCanceled ? cancellationToken : Token);
        }
    }

    /// <summary>Writes the response of a call that has only one; it leaves together with the trailers.</summary>
    public void WriteLast<T>(Marshaller<T> marshaller, T? message)
        where T : class
    {
        if (_hasToken)
            _token.ThrowIfCancellationRequested();
        if (message is null)
            throw new RpcException(new Status(StatusCode.Cancelled, "The handler returned no message."));
        lock (_response)
            Append(marshaller, message);
    }

    /// <summary>Ends the call, unless its deadline did; then waits until that end is on its way.</summary>
    public Task FinishAsync(Status status, Metadata? trailers = null)
    {
        lock (_response)
        {
            if (!_finished)
                SetEnd(status, trailers);
        }

        _deadlineTimer?.Dispose();
        _abortRegistration.Unregister();
        _stopRegistration.Unregister();
        return _completion;
    }

    protected override async Task WriteResponseHeadersAsyncCore(Metadata responseHeaders)
    {
        ValueTask<FlushResult> flush;
        lock (_response)
        {
            if (_headersSent || _finished)
                throw new InvalidOperationException("Response headers can be sent once, before the first message.");
            CopyTo(responseHeaders, http.Response.Headers);
            StartResponse();
            flush = _responses.FlushAsync(CancellationToken.None);
        }

        await flush.ConfigureAwait(false);
    }

    private static Metadata ReadMetadata(IHeaderDictionary headers)
    {
        var metadata = new Metadata();
        foreach (var header in headers)
        {
            if (GrpcProtocol.IsReserved(header.Key))
                continue;
            foreach (var value in header.Value)
                MetadataWire.Add(metadata, header.Key, value ?? "");
        }

        return metadata;
    }

    private static void CopyTo(Metadata metadata, IHeaderDictionary target)
    {
        foreach (var entry in metadata)
        {
            if (!GrpcProtocol.IsReserved(entry.Key))
                target.Append(entry.Key, entry.WireValue);
        }
    }

    /// <summary>Kestrel's guards against slow and large uploads would end an idle or a long stream.</summary>
    private void LiftUploadLimits()
    {
        if (http.Features.Get<IHttpMinRequestBodyDataRateFeature>() is { } rate)
            rate.MinDataRate = null;
        if (http.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size)
            size.MaxRequestBodySize = null;
    }

    private void BeginEncoding(string encoding)
    {
        if (encoding == GrpcProtocol.Identity)
            return;
        if (encoding != GrpcProtocol.Gzip)
        {
            http.Response.Headers[GrpcProtocol.AcceptEncodingHeader] = GrpcProtocol.AcceptedEncodings;
            throw new RpcException(new Status(StatusCode.Unimplemented, $"Unsupported grpc-encoding '{encoding}'."));
        }

        _deserializer.Encoding = encoding;
    }

    private void BeginDeadline(string text)
    {
        if (!GrpcTimeout.TryParse(text, out var timeout))
            throw new RpcException(new Status(StatusCode.Internal, $"Malformed grpc-timeout '{text}'."));
        if (timeout > LongestTimer)
            return;
        _deadline = options.TimeProvider.GetUtcNow().UtcDateTime + timeout;
        _mayEndEarly = true;
        _deadlineTimer = options.TimeProvider.CreateTimer(static call => ((HttpServerCallContext)call!).EndEarly(DeadlinePassed), this, timeout, Timeout.InfiniteTimeSpan);
    }

    private void MakeToken()
    {
        lock (_response)
        {
            if (_hasToken)
                return;
            if (_finished && !_endedEarly)
            {
                // The request belongs to Kestrel again.
                _token = new CancellationToken(canceled: true);
            }
            else if (_mayEndEarly)
            {
                _cancellation = new CancellationTokenSource();
                _token = _cancellation.Token;
                if (_endedEarly)
                    _cancellation.Cancel();
                else
                    _abortRegistration = http.RequestAborted.UnsafeRegister(static call => ((HttpServerCallContext)call!).CancelToken(), this);
            }
            else
            {
                _token = http.RequestAborted;
            }

            _hasToken = true;
        }
    }

    /// <summary>Ends the call towards its caller while its handler runs.</summary>
    private void EndEarly(Status status)
    {
        lock (_response)
        {
            // Once the handler has finished, the request belongs to Kestrel again.
            if (_finished)
                return;
            var atDeadline = status.StatusCode == StatusCode.DeadlineExceeded;
            if (atDeadline && !(_hasToken && _token.IsCancellationRequested))
                _deadlineExceeded = true;
            _endedEarly = true;
            SetEnd(status, atDeadline ? TrailersAtDeadline : null);
            _completion = CompleteAsync();
        }

        CancelToken();
    }

    private async Task CompleteAsync()
    {
        try
        {
            await http.Response.CompleteAsync().ConfigureAwait(false);
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or ObjectDisposedException)
        {
            LogCallerGone(log, e); // nobody is left to hear how the call ended
        }
    }

    private void CancelToken()
    {
        try
        {
            _cancellation?.Cancel();
        }
        catch (AggregateException e)
        {
            LogCallbackFailed(log, Method, e); // a handler's own callback; on this thread it would end the process
        }
    }

    private async ValueTask<T?> ReceiveNextAsync<T>(Marshaller<T> marshaller, CancellationToken cancellationToken)
        where T : class
    {
        while (true)
        {
            ReleaseRead();
            if (_requestsEnded)
                return null;
            var result = await ReceiveAsync(cancellationToken).ConfigureAwait(false);
            _unparsed = result.Buffer;
            _holdsRead = true;
            if (_deserializer.TryRead(ref _unparsed, marshaller, out var message))
                return message;
            if (!result.IsCompleted)
                continue;
            if (!_unparsed.IsEmpty)
                throw new RpcException(new Status(StatusCode.Internal, "The request stream ended within a message."));
            _requestsEnded = true;
        }
    }

    /// <summary>Reads until bytes come, the call is cut short, or the handler's own token fires.</summary>
    private async ValueTask<ReadResult> ReceiveAsync(CancellationToken cancellationToken)
    {
        try
        {
            if (_requests.TryRead(out var result))
                return result;
            if (!cancellationToken.CanBeCanceled || cancellationToken == Token)
                return await _requests.ReadAsync(Token).ConfigureAwait(false);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, Token);
            return await _requests.ReadAsync(either.Token).ConfigureAwait(false);
        }
        catch (IOException e) when (e is not BadHttpRequestException)
        {
            // The stream or its connection was reset; the call's token fires a moment later.
            throw new RpcException(new Status(StatusCode.Cancelled, "The caller is gone.", e));
        }
    }

    private void ReleaseRead()
    {
        if (!_holdsRead)
            return;
        _holdsRead = false;
        _requests.AdvanceTo(_unparsed.Start, _unparsed.End);
        _unparsed = default;
    }

    private void Append<T>(Marshaller<T> marshaller, T message)
    {
        if (_finished)
            throw _deadlineExceeded ? new OperationCanceledException(DeadlinePassed.Detail) : new InvalidOperationException("The call has ended; nothing more can be written.");
        if (!_headersSent)
            StartResponse();
        _serializer.Write(marshaller, message);
    }

    private void StartResponse()
    {
        _headersSent = true;
        http.Response.ContentType = GrpcProtocol.ContentType;
    }

    private void SetEnd(Status status, Metadata? trailers)
    {
        _finished = true;
        var trailersOnly = !_headersSent;
        if (trailersOnly)
            StartResponse();
        var target = trailersOnly ? http.Response.Headers : http.Features.GetRequiredFeature<IHttpResponseTrailersFeature>().Trailers;
        target[GrpcProtocol.StatusHeader] = GrpcProtocol.StatusText(status.StatusCode);
        if (!string.IsNullOrEmpty(status.Detail))
            target[GrpcProtocol.MessageHeader] = PercentEncoding.Encode(status.Detail);
        if (_responseTrailers is not null)
            CopyTo(_responseTrailers, target);
        if (trailers is not null)
            CopyTo(trailers, target);
    }

    [LoggerMessage(EventId = 2, Level = LogLevel.Debug, Message = "The caller was gone when its call ended at the deadline.")]
    private static partial void LogCallerGone(ILogger log, Exception exception);

    [LoggerMessage(EventId = 3, Level = LogLevel.Error, Message = "A cancellation callback of {Method} failed.")]
    private static partial void LogCallbackFailed(ILogger log, string method, Exception exception);
}
