using System.Collections.Concurrent;

namespace KvStore.Client.Internal.Operations;

/// <summary>Keeps up to <see cref="KeptMax"/> operations for reuse.</summary>
internal sealed class OperationPool(CompletionQueue completions)
{
    private const int KeptMax = 4096;
    private readonly ConcurrentQueue<Operation> _kept = new();
    private int _count;

    /// <summary>Takes over a hold of an operation that its caller's token has ended. The thread is the caller's, so its continuation runs elsewhere.</summary>
    public void OnCancelled(Operation operation)
    {
        completions.Add(operation);
        completions.DrainElsewhere();
    }

    public Operation Rent()
    {
        if (!_kept.TryDequeue(out var operation)) return new Operation(this);
        Interlocked.Decrement(ref _count);
        return operation;
    }

    public void Return(Operation operation)
    {
        if (Interlocked.Increment(ref _count) > KeptMax)
        {
            Interlocked.Decrement(ref _count);
            return;
        }
        _kept.Enqueue(operation);
    }
}
