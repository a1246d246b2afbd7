namespace KvStore.Storage.Engine;

/// <summary>The pages that one store writes. Who closes the store takes their memory away, and FASTER does not know of those that are being written.</summary>
internal sealed class StorePages(PageWrites node)
{
    private readonly object _lock = new();
    /// <summary>Pages that were added and are not done with. Guarded by _lock, which is pulsed at 0.</summary>
    private int _underWay;
    private bool _isStopped;

    /// <summary>Runs <paramref name="write"/> after the pages of the node before it, or <paramref name="refuse"/> if the store is closing by then. Neither lets an exception out.</summary>
    public void Add(Action write, Action refuse)
    {
        lock (_lock) _underWay++;
        node.Add(() =>
        {
            bool isStopped;
            lock (_lock) isStopped = _isStopped;
            (isStopped ? refuse : write)();
            lock (_lock)
            {
                if (--_underWay == 0) Monitor.PulseAll(_lock);
            }
        });
    }

    /// <summary>Refuses what waits, which no checkpoint needs, and what will come, and returns when none is being written.</summary>
    public void Stop()
    {
        lock (_lock)
        {
            _isStopped = true;
            while (_underWay > 0) Monitor.Wait(_lock);
        }
    }
}
