using KvStore.Raft;

namespace KvStore.Simulation.World;

/// <summary>The clock of one machine: virtual time with an offset and a rate of its own. It never stands still and never goes back.</summary>
internal sealed class NodeClock(VirtualClock clock)
{
    /// <summary>A clock that runs right.</summary>
    public const long TrueRate = 1_000_000;

    private long _baseTrue = clock.Now.Nanoseconds;
    private long _baseLocal = clock.Now.Nanoseconds;

    /// <summary>Local microseconds in a second of virtual time.</summary>
    public long Rate { get; private set; } = TrueRate;

    public MonotonicTime Now => new(_baseLocal + Scaled(clock.Now.Nanoseconds - _baseTrue, Rate, TrueRate));

    public void SetRate(long rate)
    {
        Rebase();
        Rate = rate;
    }

    /// <summary>Steps forward, as no monotonic clock may.</summary>
    public void Jump(TimeSpan by)
    {
        Rebase();
        _baseLocal += by.Ticks * 100;
    }

    /// <summary>The machine was switched off: its next life counts from another zero.</summary>
    public void StartFrom(MonotonicTime local)
    {
        Rebase();
        _baseLocal = local.Nanoseconds;
    }

    /// <summary>The virtual time at which this clock shows <paramref name="local"/>, not before.</summary>
    public MonotonicTime TrueTimeOf(MonotonicTime local) => new(_baseTrue + Scaled(local.Nanoseconds - _baseLocal, TrueRate, Rate) + (Rate == TrueRate ? 0 : 2));

    /// <summary>Changes with every change of what <see cref="TrueTimeOf"/> gives.</summary>
    public int Version { get; private set; }

    private void Rebase()
    {
        (_baseLocal, _baseTrue) = (Now.Nanoseconds, clock.Now.Nanoseconds);
        Version++;
    }

    /// <summary>In two parts, so that no product is greater than 64 bits hold: rates differ little from a million.</summary>
    private static long Scaled(long nanoseconds, long by, long of) => by == of ? nanoseconds : nanoseconds / of * by + nanoseconds % of * by / of;
}
