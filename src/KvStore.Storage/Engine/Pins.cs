using KvStore.Raft;

namespace KvStore.Storage.Engine;

/// <summary>The revisions that snapshots of one range still read at. Short critical sections under one lock: taking a pin and choosing how far to drop exclude each other.</summary>
internal sealed class Pins
{
    private readonly Lock _lock = new();
    private readonly HashSet<Pin> _pins = [];
    /// <summary>Changes whenever a pin went away, so that the apply thread knows when to look again.</summary>
    private int _ended;

    public int Ended => Volatile.Read(ref _ended);

    /// <param name="choose">Runs under the lock: the lowest revision to keep.</param>
    public Pin Take(Func<Revision> choose, MonotonicTime? expires)
    {
        lock (_lock)
        {
            var pin = new Pin(this, choose(), expires);
            _pins.Add(pin);
            return pin;
        }
    }

    /// <summary>The lower of a limit and the lowest pin; <paramref name="announce"/> runs under the lock.</summary>
    public Revision Limit(Revision limit, Action announce)
    {
        lock (_lock)
        {
            announce();
            foreach (var pin in _pins) if (pin.Revision < limit) limit = pin.Revision;
            return limit;
        }
    }

    public void End(MonotonicTime now)
    {
        lock (_lock) EndWhere(pin => pin.Expires is { } expires && expires <= now);
    }

    public void EndAll()
    {
        lock (_lock) EndWhere(_ => true);
    }

    public void Release(Pin pin)
    {
        lock (_lock) EndWhere(p => p == pin);
    }

    private void EndWhere(Predicate<Pin> condition)
    {
        if (_pins.RemoveWhere(pin =>
            {
                if (!condition(pin)) return false;
                pin.MarkEnded();
                return true;
            }) > 0) Volatile.Write(ref _ended, _ended + 1);
    }
}

/// <summary>One snapshot's hold on history.</summary>
internal sealed class Pin(Pins pins, Revision revision, MonotonicTime? expires)
{
    private bool _hasEnded;

    public Revision Revision { get; } = revision;
    public MonotonicTime? Expires { get; } = expires;
    public bool HasEnded => Volatile.Read(ref _hasEnded);
    public void MarkEnded() => Volatile.Write(ref _hasEnded, true);
    public void Release() => pins.Release(this);
}
