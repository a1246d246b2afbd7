using KvStore.Node;
using KvStore.Raft;
using KvStore.Simulation.World;
using KvStore.Storage.Engine;

namespace KvStore.Simulation.Checks;

/// <summary>
/// No stale read: an answer names the range's revision that it was read at, and for a linearizable read that is at least the greatest revision acknowledged to anybody before the
/// read was called; for a bounded read, before its bound. Found at once, where the linearizability of the whole history is decided at the end.
/// </summary>
internal sealed class FreshnessCheck(VirtualClock clock, Findings findings)
{
    public const string Name = "freshness";

    /// <summary>A node measures the bound by its own clock.</summary>
    private const double ClockError = 1.06;

    private readonly SortedDictionary<RangeId, List<(long Time, ulong Revision)>> _acknowledged = [];

    /// <summary>Switched off when clocks run beyond their bound: then a leader lease promises nothing.</summary>
    public bool TrustsLeases { get; set; } = true;

    public void Acknowledged(RangeId range, Revision revision)
    {
        if (!_acknowledged.TryGetValue(range, out var list)) _acknowledged.Add(range, list = []);
        if (list.Count == 0 || revision.Value > list[^1].Revision) list.Add((clock.Now.Nanoseconds, revision.Value));
    }

    /// <summary>Before a read is sent: the revision that it has to see.</summary>
    public Revision Expect(RangeId range, ReadConsistency consistency, TimeSpan maxStaleness)
    {
        if (consistency == ReadConsistency.Stale || !_acknowledged.TryGetValue(range, out var list)) return default;
        if (!TrustsLeases && consistency is ReadConsistency.Linearizable or ReadConsistency.Bounded) return default;
        if (consistency != ReadConsistency.Bounded) return new Revision(list[^1].Revision);
        var since = clock.Now.Nanoseconds - (long)(maxStaleness.Ticks * 100 * ClockError);
        for (var i = list.Count - 1; i >= 0; i--)
            if (list[i].Time < since) return new Revision(list[i].Revision);
        return default;
    }

    public void Answered(RangeId range, Revision expected, Revision found, ReadConsistency consistency, NodeId node, string key)
    {
        if (found.Value >= expected.Value) return;
        findings.Report(Name, $"a {consistency} read of \"{key}\" at node {node} saw range {range} at revision {found.Value}, though {expected.Value} had been acknowledged before it was called");
    }
}
