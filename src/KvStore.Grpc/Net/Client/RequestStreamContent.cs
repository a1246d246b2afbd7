using System.Net;
using Grpc.Core;
using Grpc.Protocol;

namespace Grpc.Net.Client;

/// <summary>An open request stream: the HTTP handler waits in <see cref="SerializeToStreamAsync(Stream, TransportContext?)"/> while the caller writes.</summary>
internal sealed class RequestStreamContent<T> : HttpContent, IClientStreamWriter<T>, IRequestStream
{
    /// <summary>Messages with a buffer hint wait for company up to this size: the largest HTTP/2 frame that every peer must take.</summary>
    private const int HintedBytesMax = 16 * 1024;

    private readonly ClientCall _call;
    private readonly Marshaller<T> _marshaller;
    private readonly MessageSerializer _serializer;
    private readonly TaskCompletionSource<Stream> _opened = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _completed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Framed messages that have not been sent. Only the holder of <see cref="_writing"/> touches it.</summary>
    private readonly PooledBufferWriter _unsent = new();

    private int _writing;

    public RequestStreamContent(ClientCall call, Marshaller<T> marshaller, int? maxMessageSize)
    {
        _call = call;
        _marshaller = marshaller;
        _serializer = new MessageSerializer(_unsent, maxMessageSize);
        Headers.TryAddWithoutValidation("Content-Type", GrpcProtocol.ContentType);
    }

    public WriteOptions? WriteOptions { get; set; }

    public Task WriteAsync(T message) => WriteAsync(message, CancellationToken.None);

    /// <summary>
    /// Sends a message, or keeps it for the next one if <see cref="WriteFlags.BufferHint"/> is set. When the call has ended or ends meanwhile, throws the
    /// status it ended with, even OK. A token that fires cancels the whole call, since a message may have left in part.
    /// </summary>
    public async Task WriteAsync(T message, CancellationToken cancellationToken)
    {
        BeginWrite();
        try
        {
            if (_completed.Task.IsCompleted)
                throw _call.Ended?.ToException() ?? (Exception)new InvalidOperationException("The request stream was completed; nothing more can be written.");
            if (_call.Ended is { } outcome)
                throw outcome.ToException();
            Serialize(message);
            var hinted = WriteOptions is { } options && options.Flags.HasFlag(WriteFlags.BufferHint);
            if (!hinted || _unsent.WrittenCount >= HintedBytesMax)
                await SendAsync(cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            Volatile.Write(ref _writing, 0);
        }
    }

    public async Task CompleteAsync()
    {
        BeginWrite();
        try
        {
            if (_unsent.WrittenCount > 0 && !_completed.Task.IsCompleted && _call.Ended is null)
                await SendAsync(CancellationToken.None).ConfigureAwait(false);
            _completed.TrySetResult();
            _unsent.Dispose();
        }
        finally
        {
            Volatile.Write(ref _writing, 0);
        }
    }

    public void CallFailed()
    {
        _opened.TrySetCanceled();
        _completed.TrySetResult();
    }

    protected override bool TryComputeLength(out long length)
    {
        length = 0;
        return false;
    }

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) => SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        try
        {
            await stream.FlushAsync(cancellationToken).ConfigureAwait(false); // the request headers leave now, not with the first message
        }
        catch
        {
            _opened.TrySetCanceled(CancellationToken.None); // the server was quicker to end the call; a writer that waits must learn of it
            throw;
        }

        _opened.TrySetResult(stream);
        await _completed.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
    }

    private void BeginWrite()
    {
        if (Interlocked.Exchange(ref _writing, 1) != 0)
            throw new InvalidOperationException("A write on this request stream is still in progress; await it before the next one.");
    }

    private void Serialize(T message)
    {
        var before = _unsent.WrittenCount;
        try
        {
            _serializer.Write(_marshaller, message);
        }
        catch
        {
            _unsent.Truncate(before);
            throw;
        }
    }

    private async Task SendAsync(CancellationToken cancellationToken)
    {
        try
        {
            var stream = _opened.Task.IsCompletedSuccessfully ? _opened.Task.Result : await _opened.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
            await stream.WriteAsync(_unsent.WrittenMemory, cancellationToken).ConfigureAwait(false);
            _unsent.Clear();
            await stream.FlushAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e)
        {
            if (cancellationToken.IsCancellationRequested)
                _call.Cancel(CancelCause.Caller);
            throw (await _call.EndOfBrokenWriteAsync(e).ConfigureAwait(false)).ToException();
        }
    }
}
