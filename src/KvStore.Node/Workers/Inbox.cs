namespace KvStore.Node.Workers;

/// <summary>What other threads want from one worker: two lists that change places under a short lock, so that a post costs no allocation, and a wake-up only when none is outstanding.</summary>
internal sealed class Inbox<T>(IWakeup wakeup)
{
    private readonly Lock _lock = new();
    private List<T> _filling = [];
    private List<T> _draining = [];

    /// <summary>A wake-up was sent since the last <see cref="Drain"/>: whatever is posted meanwhile is found by that run.</summary>
    private bool _woken;

    public void Post(T item)
    {
        lock (_lock)
        {
            _filling.Add(item);
            if (_woken) return;
            _woken = true;
        }
        wakeup.Wake();
    }

    /// <summary>For what can wait until the worker runs for another reason: its own timer at the latest.</summary>
    public void PostWithoutWaking(T item)
    {
        lock (_lock) _filling.Add(item);
    }

    /// <summary>Everything posted so far, in order. The list is the inbox's own and is emptied by the next call. Only the worker calls this.</summary>
    public List<T> Drain()
    {
        _draining.Clear();
        lock (_lock)
        {
            _woken = false;
            (_filling, _draining) = (_draining, _filling);
        }
        return _draining;
    }
}
