using Grpc.Core;
using Grpc.Protocol;

namespace Grpc.Net.Client;

/// <summary>The response side of a call: one message, or a stream of them.</summary>
internal sealed class HttpClientCall<TResponse>(GrpcChannel channel, Marshaller<TResponse> marshaller, CallOptions options)
    : ClientCall(channel, options), IAsyncStreamReader<TResponse>
    where TResponse : class
{
    private static readonly Task<bool> True = Task.FromResult(true);
    private static readonly Task<bool> False = Task.FromResult(false);

    private readonly MessageDeserializer _deserializer = new(channel.Options.MaxReceiveMessageSize);

    /// <summary>Only the holder of <see cref="_reader"/> touches it and <see cref="_body"/>.</summary>
    private readonly ReceiveBuffer _buffer = new();

    private Stream? _body;
    private TResponse? _current;
    private int _reader;
    private TaskCompletionSource? _readerLeft;
    private volatile bool _disposed;

    public TResponse Current => _current ?? throw new InvalidOperationException("There is no current message: MoveNext has not returned true.");

    /// <summary>The response of a unary or client-streaming call.</summary>
    public async Task<TResponse> ReadSingleAsync()
    {
        try
        {
            // Message and end mostly come with the headers: what follows then waits for nothing, and takes no state of its own.
            await Response.ConfigureAwait(false);
            if (!await MoveNext(CancellationToken.None).ConfigureAwait(false))
                throw EndInvalid("The call ended with OK but without a response message.").ToException();
            var response = Current;
            if (await MoveNext(CancellationToken.None).ConfigureAwait(false))
                throw EndInvalid("The response of a call with one response holds more than one message.").ToException();
            return response;
        }
        finally
        {
            Dispose();
        }
    }

    /// <summary>The next message. A token that fires cancels the whole call.</summary>
    public Task<bool> MoveNext(CancellationToken cancellationToken)
    {
        switch (Interlocked.CompareExchange(ref _reader, (int)Reader.Caller, (int)Reader.None))
        {
            case (int)Reader.Caller:
                return Task.FromException<bool>(new InvalidOperationException("A read on this response stream is still in progress; await it before the next one."));
            case (int)Reader.BrokenWrite:
                return MoveNextAfterReaderLeftAsync(cancellationToken);
            case (int)Reader.Disposal:
                return EndAsync(EndWith(new ObjectDisposedException(nameof(HttpClientCall<TResponse>))));
        }

        try
        {
            if (!cancellationToken.IsCancellationRequested && TryTake())
            {
                Leave();
                return True;
            }
        }
        catch (Exception e)
        {
            var failure = EndWith(e).ToException();
            Leave();
            return Task.FromException<bool>(failure);
        }

        return ReceiveNextAsync(cancellationToken);
    }

    public override async Task<CallOutcome> EndOfBrokenWriteAsync(Exception exception)
    {
        // The status is at the end of the response. Messages before it stay in the buffer for the caller to read.
        while (Ended is null && !Cancellation.IsCancellationRequested)
        {
            if (Interlocked.CompareExchange(ref _reader, (int)Reader.BrokenWrite, (int)Reader.None) != (int)Reader.None)
            {
                await ReaderLeftAsync().ConfigureAwait(false);
                continue;
            }

            try
            {
                while (await ReceiveAsync().ConfigureAwait(false))
                {
                }
            }
            catch (Exception e)
            {
                EndWith(e);
            }
            finally
            {
                Leave();
            }
        }

        return Ended ?? EndWith(exception);
    }

    public override void Dispose()
    {
        base.Dispose();
        _disposed = true;
        ReturnBuffer();
    }

    private async Task<bool> MoveNextAfterReaderLeftAsync(CancellationToken cancellationToken)
    {
        await ReaderLeftAsync().ConfigureAwait(false);
        return await MoveNext(cancellationToken).ConfigureAwait(false);
    }

    private async Task<bool> ReceiveNextAsync(CancellationToken cancellationToken)
    {
        try
        {
            using var registration = cancellationToken.UnsafeRegister(static call => ((ClientCall)call!).Cancel(CancelCause.Caller), this);
            while (await ReceiveAsync().ConfigureAwait(false))
            {
                if (TryTake())
                    return true;
            }
        }
        catch (Exception e)
        {
            EndWith(e);
        }
        finally
        {
            Leave();
        }

        var outcome = Ended!;
        if (outcome.IsOk && !_buffer.IsEmpty)
            outcome = EndInvalid("The response ended within a message.");
        return await EndAsync(outcome).ConfigureAwait(false);
    }

    private static Task<bool> EndAsync(CallOutcome outcome) => outcome.IsOk ? False : Task.FromException<bool>(outcome.ToException());

    /// <summary>Takes the next whole message out of the buffer. After a failure nothing is taken any more; after a regular end the rest is.</summary>
    private bool TryTake()
    {
        if (_buffer.IsEmpty || Cancellation.IsCancellationRequested)
            return false;
        var received = _buffer.Received;
        var taken = _deserializer.TryRead(ref received, marshaller, out _current);
        _buffer.KeepLast(received.Length);
        return taken;
    }

    /// <summary>Reads more of the response into the buffer; false when the call has ended.</summary>
    private async ValueTask<bool> ReceiveAsync()
    {
        if (Ended is not null)
            return false;
        var response = await Response.ConfigureAwait(false);
        if (response is null)
            return false;
        if (_body is null)
        {
            _deserializer.Encoding = ResponseEncoding;
            _body = await response.Content.ReadAsStreamAsync(Cancellation).ConfigureAwait(false);
        }

        var count = await _body.ReadAsync(_buffer.GetFreeMemory(), Cancellation).ConfigureAwait(false);
        _buffer.Advance(count);
        if (count == 0)
            End(ResponseFields.Outcome(response));
        return count > 0;
    }

    private Task ReaderLeftAsync()
    {
        var fresh = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var waiting = Interlocked.CompareExchange(ref _readerLeft, fresh, null) ?? fresh;
        if (Volatile.Read(ref _reader) is (int)Reader.None or (int)Reader.Disposal)
            Interlocked.Exchange(ref _readerLeft, null)?.TrySetResult(); // it left before it could see the waiter
        return waiting.Task;
    }

    private void Leave()
    {
        Interlocked.Exchange(ref _reader, (int)Reader.None);
        if (Volatile.Read(ref _readerLeft) is not null)
            Interlocked.Exchange(ref _readerLeft, null)?.TrySetResult();
        if (_disposed)
            ReturnBuffer();
    }

    /// <summary>Gives the buffer back, now or when the current reader leaves.</summary>
    private void ReturnBuffer()
    {
        if (Interlocked.CompareExchange(ref _reader, (int)Reader.Disposal, (int)Reader.None) == (int)Reader.None)
            _buffer.Dispose();
    }

    private enum Reader
    {
        None,
        Caller,

        /// <summary>A failed write looks for the status that the call ended with.</summary>
        BrokenWrite,

        /// <summary>The call is disposed: nobody reads any more.</summary>
        Disposal,
    }
}
