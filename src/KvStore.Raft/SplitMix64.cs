namespace KvStore.Raft;

/// <summary>A replica's own random source (Steele, Lea, Flood 2014): eight bytes of state, so that a seed names a whole run.</summary>
internal sealed class SplitMix64(ulong seed)
{
    private ulong _state = seed;

    public ulong Next()
    {
        _state += 0x9E3779B97F4A7C15;
        var z = _state;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }

    /// <summary>Evenly from [min, max); min when the interval is empty.</summary>
    public TimeSpan Between(TimeSpan min, TimeSpan max)
    {
        var span = max.Ticks - min.Ticks;
        return span <= 0 ? min : min + TimeSpan.FromTicks((long)(Next() % (ulong)span));
    }
}
