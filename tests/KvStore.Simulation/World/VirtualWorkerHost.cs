using KvStore.Node.Workers;
using KvStore.Raft;

namespace KvStore.Simulation.World;

/// <summary>The workers of one life of a node: nothing runs but by <see cref="VirtualWorker.RunTurn"/>.</summary>
internal sealed class VirtualWorkerHost(NodeClock clock) : IWorkerHost
{
    private readonly List<VirtualWorker> _workers = [];
    private string? _stalled;

    public IReadOnlyList<VirtualWorker> Workers => _workers;
    public bool IsStopped { get; private set; }

    public IWakeup Start(IWorker worker)
    {
        var started = new VirtualWorker(worker, clock);
        _workers.Add(started);
        return started;
    }

    public void Stop() => IsStopped = true;

    /// <summary>Workers whose name begins so do not run: a stalled thread. Null: all run.</summary>
    public string? Stalled
    {
        get => _stalled;
        set
        {
            _stalled = value;
            foreach (var worker in _workers) worker.IsStalled = value is not null && worker.Name.StartsWith(value, StringComparison.Ordinal);
        }
    }
}

/// <summary>One worker: when it wants to run, and whether it may.</summary>
internal sealed class VirtualWorker(IWorker worker, NodeClock clock) : IWakeup
{
    private MonotonicTime? _due;
    private bool _woken = true;

    public string Name => worker.Name;
    public bool IsStalled { get; set; }
    /// <summary>It stands in the middle of a turn while the rest of the world goes on.</summary>
    public bool IsInside { get; private set; }

    public void Wake() => _woken = true;

    /// <summary>The virtual time from which it is to run; null: it waits to be woken, or must not run.</summary>
    public MonotonicTime? RunnableFrom(MonotonicTime now)
    {
        if (IsStalled || IsInside) return null;
        if (_woken) return now;
        return _due is { } due ? clock.TrueTimeOf(due) : null;
    }

    public void RunTurn()
    {
        _woken = false;
        _due = null;
        IsInside = true;
        try
        {
            _due = worker.Run();
        }
        finally
        {
            IsInside = false;
        }
    }
}
