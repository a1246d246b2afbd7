using System.IO.Pipelines;
using Grpc.Core;

namespace KvStore.Server.Grpc;

/// <summary>The responses of a call, for its handler.</summary>
internal sealed class ResponseStreamWriter<T>(HttpServerCallContext call, Marshaller<T> marshaller) : IServerStreamWriter<T>
    where T : class
{
    private int _writing;

    public WriteOptions? WriteOptions { get; set; }

    public Task WriteAsync(T message) => WriteAsync(message, CancellationToken.None);

    /// <summary>
    /// Writes a message and, without <see cref="WriteFlags.BufferHint"/>, sends it with all that waited. Throws <see cref="OperationCanceledException"/> when the
    /// caller is gone or the deadline has passed.
    /// </summary>
    public Task WriteAsync(T message, CancellationToken cancellationToken)
    {
        if (Interlocked.Exchange(ref _writing, 1) != 0)
            return Task.FromException(new InvalidOperationException("A write on this response stream is still in progress; await it before the next one."));
        ValueTask<FlushResult> flush;
        try
        {
            var hinted = (WriteOptions ?? call.WriteOptions) is { } options && options.Flags.HasFlag(WriteFlags.BufferHint);
            flush = call.Write(marshaller, message, hinted ? FlushMode.WhenFull : FlushMode.Now, cancellationToken);
        }
        catch (Exception e)
        {
            Volatile.Write(ref _writing, 0);
            return Task.FromException(e);
        }

        if (!flush.IsCompletedSuccessfully)
            return AwaitAsync(flush);
        _ = flush.Result;
        Volatile.Write(ref _writing, 0);
        return Task.CompletedTask;
    }

    private async Task AwaitAsync(ValueTask<FlushResult> flush)
    {
        try
        {
            await flush.ConfigureAwait(false);
        }
        finally
        {
            Volatile.Write(ref _writing, 0);
        }
    }
}
