namespace KvStore.Simulation.World;

/// <summary>SplitMix64. Each user of chance has a stream of its own, so that leaving one fault out changes no other draw.</summary>
internal sealed class VirtualRandom(ulong seed)
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

    public int Next(int below) => (int)(Next() % (ulong)below);

    /// <summary>From min up to and without max.</summary>
    public long Between(long min, long max) => min + (long)(Next() % (ulong)(max - min));

    public TimeSpan Between(TimeSpan min, TimeSpan max) => TimeSpan.FromTicks(Between(min.Ticks, max.Ticks));

    public bool Chance(int percent) => Next(100) < percent;

    public bool ChanceIn(int thousand) => Next(1000) < thousand;

    public T Pick<T>(IReadOnlyList<T> choices) => choices[Next(choices.Count)];

    /// <summary>Another stream, by name.</summary>
    public static VirtualRandom Stream(ulong seed, string name)
    {
        var mixed = new VirtualRandom(seed ^ 0xD1B54A32D192ED03).Next();
        foreach (var letter in name) mixed = (mixed ^ letter) * 0x100000001B3;
        return new VirtualRandom(mixed);
    }
}
