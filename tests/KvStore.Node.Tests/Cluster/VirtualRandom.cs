namespace KvStore.Node.Tests.Cluster;

/// <summary>SplitMix64 by seed.</summary>
internal sealed class VirtualRandom(ulong seed)
{
    private readonly SeededRandom _random = new(seed);

    public ulong Next() => _random.Next();

    public int Next(int below) => (int)(_random.Next() % (ulong)below);

    public bool Chance(int percent) => Next(100) < percent;
}
