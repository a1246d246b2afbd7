using KvStore.Jepsen.Processes;

namespace KvStore.Jepsen.Nemeses;

/// <summary>
/// Clocks that disagree: by years, and by rates up to what leases allow for (ClockDriftMaxFraction, 0.05 between any two nodes), constant or changing sign. A strike gives a node
/// another clock, which takes a new start. The wall clock is left alone: no product code that decides anything reads it.
/// </summary>
internal sealed class ClockNemesis : INemesis
{
    // Two nodes differ by at most 1.025 / 0.975 = 1.0513 < 1 / (1 - 0.05).
    private const int RatePartsPerMillionMax = 25_000;
    private const int AheadSecondsMax = 100_000_000;

    public string Name => "clock";

    public string Summary => "clocks that are years apart and run 2.5 % too fast or too slow, by turns too";

    public Func<int, NodeClock>? Clocks(Random random) => _ => New(random);

    public async Task StrikeAsync(Battlefield field)
    {
        var victim = field.Random.Next(2) == 0 ? await field.Leaders.MostLeadingAsync(field.Random).ConfigureAwait(false) : field.Some(1)[0];
        using var claim = await field.ClaimAsync(victim).ConfigureAwait(false);
        if (field.IsOver) return;
        var clock = New(field.Random);
        var fault = field.Log.Begin(Name, $"node {victim + 1} gets another clock: {clock.RatePartsPerMillion / 10_000.0:+0.0;-0.0} %{(clock.StrobeMilliseconds > 0 ? $" by turns of {clock.StrobeMilliseconds} ms" : "")}, {clock.AheadSeconds} s ahead");
        field.Cluster.Nodes[victim].Kill();
        field.Cluster.SetClock(victim, clock);
        await field.HoldAsync(0.05, 0.5).ConfigureAwait(false);
        field.Cluster.Nodes[victim].Start();
        field.Log.End(fault);
        await field.HoldAsync(1, 3).ConfigureAwait(false);
    }

    private static NodeClock New(Random random) => new(
        random.Next(AheadSecondsMax),
        random.Next(2) == 0 ? RatePartsPerMillionMax : -RatePartsPerMillionMax,
        random.Next(3) == 0 ? random.Next(50, 3_000) : 0);
}
