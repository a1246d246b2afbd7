using KvStore.Node.Workers;

namespace KvStore.Simulation.World;

/// <summary>The workers of one life of a node: nothing runs but by <see cref="VirtualWorker.RunTurn"/>.</summary>
internal sealed class VirtualWorkerHost(NodeClock clock) : IWorkerHost
{
    private readonly List<VirtualWorker> _workers = [];
    /// <summary>In one array, because the scheduler looks at all of them before every turn.</summary>
    private long[] _runnableFrom = new long[16];
    private int _clockVersion = clock.Version;
    private string? _stalled;
    private (int Runnable, long Next) _count;
    private bool _isCounted;

    public IReadOnlyList<VirtualWorker> Workers => _workers;
    public bool IsStopped { get; private set; }

    /// <summary>For each worker the virtual time in nanoseconds from which it is to run.</summary>
    public ReadOnlySpan<long> RunnableFrom
    {
        get
        {
            if (_clockVersion != clock.Version) Update();
            return _runnableFrom.AsSpan(0, _workers.Count);
        }
    }

    /// <summary>
    /// How many workers may run, and from when on another one may. The scheduler asks before every turn, and a turn changes the workers of one node alone: counted again only when one of these
    /// has changed, or that time has come.
    /// </summary>
    public (int Runnable, long Next) Count(long now)
    {
        if (_isCounted && now < _count.Next && _clockVersion == clock.Version) return _count;
        var (runnable, next) = (0, long.MaxValue);
        foreach (var from in RunnableFrom)
        {
            if (from <= now) runnable++;
            else if (from < next) next = from;
        }
        _isCounted = true;
        return _count = (runnable, next);
    }

    public IWakeup Start(IWorker worker)
    {
        var started = new VirtualWorker(worker, clock, this, _workers.Count);
        _workers.Add(started);
        if (_workers.Count > _runnableFrom.Length) Array.Resize(ref _runnableFrom, 2 * _runnableFrom.Length);
        Update(started);
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
            Update();
        }
    }

    /// <summary>A worker runs from another time on.</summary>
    public void Update(VirtualWorker worker)
    {
        _runnableFrom[worker.Place] = worker.RunnableFrom;
        _isCounted = false;
    }

    private void Update()
    {
        _clockVersion = clock.Version;
        foreach (var worker in _workers) Update(worker);
    }
}
