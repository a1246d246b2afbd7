using KvStore.Node.Workers;
using KvStore.Raft;

namespace KvStore.Simulation.World;

/// <summary>One worker: when it wants to run, and whether it may.</summary>
internal sealed class VirtualWorker(IWorker worker, NodeClock clock, VirtualWorkerHost host, int place) : IWakeup
{
    private const long Always = long.MinValue, Never = long.MaxValue;

    private MonotonicTime? _due;
    private bool _woken = true;
    /// <summary>It stands in the middle of a turn while the rest of the world goes on.</summary>
    private bool _isInside;

    public string Name => worker.Name;
    /// <summary>Among the workers of its host.</summary>
    public int Place => place;
    public bool IsStalled { get; set; }
    public bool IsBrief => worker.IsBrief;

    /// <summary>The virtual time in nanoseconds from which it is to run; never while it waits to be woken, or must not run.</summary>
    public long RunnableFrom
    {
        get
        {
            if (IsStalled || _isInside) return Never;
            if (_woken) return Always;
            return _due is { } due ? clock.TrueTimeOf(due).Nanoseconds : Never;
        }
    }

    public void Wake()
    {
        if (_woken) return;
        _woken = true;
        host.Update(this);
    }

    public void RunTurn()
    {
        _woken = false;
        _due = null;
        _isInside = true;
        host.Update(this);
        try
        {
            _due = worker.Run();
        }
        finally
        {
            _isInside = false;
            host.Update(this);
        }
    }
}
