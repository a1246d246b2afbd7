namespace KvStore.Storage.Engine;

/// <summary>
/// The pages that the stores of one node write, one after the other. All groups fill theirs at about the same time, and a page is written for later: several at once took the processors from
/// those who wait for a write to be applied (docs/adr/0017).
/// </summary>
internal sealed class PageWrites
{
    /// <summary>Its own lock.</summary>
    private readonly Queue<Action> _waiting = new();

    /// <summary>One of them is being written, or about to be. Guarded by <see cref="_waiting"/>.</summary>
    private bool _isRunning;

    /// <summary>Runs it after those before it. It lets no exception out.</summary>
    public void Add(Action write)
    {
        lock (_waiting)
        {
            _waiting.Enqueue(write);
            if (_isRunning) return;
            _isRunning = true;
        }

        DiskThreads.Queue(RunNext);
    }

    private void RunNext()
    {
        Action write;
        lock (_waiting) write = _waiting.Dequeue();
        write();
        lock (_waiting)
        {
            _isRunning = _waiting.Count > 0;
            if (!_isRunning) return;
        }

        // Reads that wait for a thread come first.
        DiskThreads.Queue(RunNext);
    }
}
