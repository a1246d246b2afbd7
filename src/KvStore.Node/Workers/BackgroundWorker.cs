using KvStore.Node.Time;
using KvStore.Raft;

namespace KvStore.Node.Workers;

/// <summary>Slow work of a node that no loop may wait for: reading and installing snapshots, completing checkpoints, reclaiming space, creating replicas. One thing after the other.</summary>
internal sealed class BackgroundWorker : NodeWorker
{
    private readonly ITimeSource _time;
    private readonly Inbox<Action> _inbox;
    private readonly List<Func<MonotonicTime, MonotonicTime?>> _timers = [];

    public BackgroundWorker(ITimeSource time, NodeFailure failure) : base("background", failure)
    {
        _time = time;
        _inbox = new Inbox<Action>(this);
    }

    public void Post(Action work) => _inbox.Post(work);

    /// <summary>Registers, before the worker starts, what looks at the time after each turn and says when it wants to look again.</summary>
    public void AddTimer(Func<MonotonicTime, MonotonicTime?> timer) => _timers.Add(timer);

    protected override MonotonicTime? Turn()
    {
        foreach (var work in _inbox.Drain()) work();
        MonotonicTime? again = null;
        foreach (var timer in _timers)
            if (timer(_time.Now) is { } at && (again is null || at < again)) again = at;
        return again;
    }

    /// <summary>Nobody waits for this worker: its callers learn of the failure from the loops.</summary>
    protected override void Abandon(NodeError error) => _inbox.Drain();
}
