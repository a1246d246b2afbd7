using System.Collections.Concurrent;

namespace KvStore.Server.Services;

/// <summary>
/// Answers the callers of unary writes away from the apply worker, several in one work item of the thread pool: an entry completes many writes at once, and an item each
/// costs more than the answer.
/// </summary>
internal sealed class WriteCompletions : IThreadPoolWorkItem
{
    private const int WritesPerItem = 16;

    private readonly ConcurrentQueue<UnaryWrite> _writes = new();

    /// <summary>Writes in <see cref="_writes"/>; never less than there are, because it is raised first and lowered last.</summary>
    private int _waiting;

    /// <summary>Items that are queued or run. While one stands here and has not yet looked at <see cref="_waiting"/> for the last time, a write that is added needs no other.</summary>
    private int _items;

    public void Add(UnaryWrite write)
    {
        var waiting = Interlocked.Increment(ref _waiting);
        _writes.Enqueue(write);
        var items = Volatile.Read(ref _items);
        if (items == 0 || (waiting > items * WritesPerItem && items < Environment.ProcessorCount)) Start();
    }

    void IThreadPoolWorkItem.Execute()
    {
        for (var i = 0; i < WritesPerItem && _writes.TryDequeue(out var write); i++)
        {
            write.Complete();
            Interlocked.Decrement(ref _waiting);
        }

        if (Volatile.Read(ref _waiting) > 0)
        {
            ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
            return;
        }

        Interlocked.Decrement(ref _items);
        // A write that was added before the line above counted on this item.
        if (Volatile.Read(ref _waiting) > 0 && Volatile.Read(ref _items) == 0) Start();
    }

    private void Start()
    {
        Interlocked.Increment(ref _items);
        ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
    }
}
