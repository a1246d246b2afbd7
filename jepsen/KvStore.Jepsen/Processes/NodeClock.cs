namespace KvStore.Jepsen.Processes;

/// <summary>How wrong a node's clock is.</summary>
/// <param name="AheadSeconds">Constant, from 0 on.</param>
/// <param name="RatePartsPerMillion">Faster than the machine's; negative: slower.</param>
/// <param name="StrobeMilliseconds">The rate changes its sign after so long; 0: never.</param>
internal sealed record NodeClock(int AheadSeconds, int RatePartsPerMillion, int StrobeMilliseconds)
{
    public static NodeClock Right { get; } = new(0, 0, 0);
}
