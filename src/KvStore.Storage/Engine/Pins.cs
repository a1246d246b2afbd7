namespace KvStore.Storage.Engine;

/// <summary>The revisions that snapshots of one range still read at. Whoever takes a pin gives it back in time (DESIGN §5: 60 s). Short critical sections under one lock: taking a pin and choosing how far to drop exclude each other.</summary>
internal sealed class Pins
{
    private readonly Lock _lock = new();
    private readonly HashSet<Pin> _pins = [];
    /// <summary>Changes whenever a pin went away or moved, so that the apply thread knows when to look again.</summary>
    private int _ended;

    public int Ended => Volatile.Read(ref _ended);

    /// <param name="choose">Runs under the lock: the lowest revision to keep.</param>
    public Pin Take(Func<Revision> choose)
    {
        lock (_lock)
        {
            var pin = new Pin(this, choose());
            _pins.Add(pin);
            return pin;
        }
    }

    /// <summary>Another hold on what a pin holds, even if history below that was given up for new readers; null when the pin has ended.</summary>
    public Pin? Fork(Pin pin)
    {
        lock (_lock)
        {
            if (!_pins.Contains(pin)) return null;
            var fork = new Pin(this, pin.Revision);
            _pins.Add(fork);
            return fork;
        }
    }

    public void Move(Pin pin, Revision revision)
    {
        lock (_lock)
        {
            if (!_pins.Contains(pin) || pin.Revision == revision) return;
            pin.Revision = revision;
            Volatile.Write(ref _ended, _ended + 1);
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
internal sealed class Pin(Pins pins, Revision revision)
{
    private bool _hasEnded;

    /// <summary>Changed only under the lock of its <see cref="Pins"/>, and only upwards.</summary>
    public Revision Revision { get; set; } = revision;
    public bool HasEnded => Volatile.Read(ref _hasEnded);
    public void MarkEnded() => Volatile.Write(ref _hasEnded, true);
    public void Release() => pins.Release(this);
    public void MoveTo(Revision revision) => pins.Move(this, revision);
    public Pin? Fork() => pins.Fork(this);
}
