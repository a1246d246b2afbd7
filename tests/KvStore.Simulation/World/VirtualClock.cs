using KvStore.Raft;

namespace KvStore.Simulation.World;

/// <summary>Virtual time, and what is to happen at some time of it, in order. It is nobody's clock: each node has one of its own (<see cref="NodeClock"/>).</summary>
internal sealed class VirtualClock
{
    private readonly PriorityQueue<Action, (long, long)> _events = new();
    private long _sequence;

    public MonotonicTime Now { get; private set; } = new(1_000_000_000);

    public void At(MonotonicTime time, Action action) => _events.Enqueue(action, (time.Nanoseconds, _sequence++));

    public void After(TimeSpan delay, Action action) => At(Now + delay, action);

    public MonotonicTime? NextEvent => _events.TryPeek(out _, out var key) ? new MonotonicTime(key.Item1) : null;

    public void Advance(MonotonicTime to)
    {
        if (to > Now) Now = to;
    }

    /// <summary>Runs one event that is due.</summary>
    public bool RunDue()
    {
        if (!_events.TryPeek(out var action, out var key) || key.Item1 > Now.Nanoseconds) return false;
        _events.Dequeue();
        action();
        return true;
    }
}
