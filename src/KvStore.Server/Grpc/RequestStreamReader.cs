using Grpc.Core;

namespace KvStore.Server.Grpc;

/// <summary>The requests of a call, for its handler.</summary>
internal sealed class RequestStreamReader<T>(HttpServerCallContext call, Marshaller<T> marshaller) : IAsyncStreamReader<T>
    where T : class
{
    private static readonly Task<bool> True = Task.FromResult(true);
    private static readonly Task<bool> False = Task.FromResult(false);

    private T? _current;
    private int _reading;

    public T Current => _current ?? throw new InvalidOperationException("There is no current message: MoveNext has not returned true.");

    public Task<bool> MoveNext(CancellationToken cancellationToken)
    {
        if (Interlocked.Exchange(ref _reading, 1) != 0)
            return Task.FromException<bool>(new InvalidOperationException("A read on this request stream is still in progress; await it before the next one."));
        ValueTask<T?> read;
        try
        {
            read = call.ReadNextAsync(marshaller, cancellationToken);
        }
        catch (Exception e)
        {
            Volatile.Write(ref _reading, 0);
            return Task.FromException<bool>(e);
        }

        if (!read.IsCompletedSuccessfully)
            return AwaitAsync(read);
        _current = read.Result;
        Volatile.Write(ref _reading, 0);
        return _current is null ? False : True;
    }

    private async Task<bool> AwaitAsync(ValueTask<T?> read)
    {
        try
        {
            _current = await read.ConfigureAwait(false);
            return _current is not null;
        }
        finally
        {
            Volatile.Write(ref _reading, 0);
        }
    }
}
