using System.Collections.Concurrent;
using KvStore.Node;
using KvStore.Server.Hosting;

namespace KvStore.Server.Services;

/// <summary>
/// Proposes unary writes together. The first one queues an item of the thread pool, behind the requests that wait there already; it proposes what has come by then and takes the loop's turn. So the
/// busier the pool, the more writes share an entry and its syncs, and no thread is woken for them (docs/adr/0018).
/// </summary>
internal sealed class WriteProposals(Action<WriteBatch> propose) : IThreadPoolWorkItem
{
    private readonly ConcurrentQueue<WriteBatch> _writes = new();

    /// <summary>1 while an item is queued that has not begun to look at <see cref="_writes"/>: what is added meanwhile needs no other.</summary>
    private int _isQueued;

    public void Add(WriteBatch write)
    {
        _writes.Enqueue(write);
        if (Interlocked.Exchange(ref _isQueued, 1) == 0) ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
    }

    void IThreadPoolWorkItem.Execute()
    {
        Interlocked.Exchange(ref _isQueued, 0);
        using var turns = BorrowedTurns.Collect();
        // No more than stand here now: what comes meanwhile has queued another item, and this one's turn shall not wait for it.
        for (var left = _writes.Count; left > 0 && _writes.TryDequeue(out var write); left--) propose(write);
    }
}
