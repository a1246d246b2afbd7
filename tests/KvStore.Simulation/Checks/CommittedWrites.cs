using System.Text;
using KvStore.Node;
using KvStore.Raft;
using KvStore.Simulation.World;
using KvStore.Storage.Engine;

namespace KvStore.Simulation.Checks;

/// <summary>Every write that was committed, range by range, as replicas have it in their stores: looked at often enough that compaction takes nothing before it was seen.</summary>
internal sealed class CommittedWrites(VirtualCluster cluster)
{
    private readonly SortedDictionary<RangeId, List<CommittedWrite>> _ranges = [];
    private readonly SortedDictionary<RangeId, SortedDictionary<string, string>> _values = [];

    /// <summary>In order of (revision, place within it).</summary>
    public IReadOnlyList<CommittedWrite> Of(RangeId range) => _ranges.TryGetValue(range, out var writes) ? writes : [];

    public ulong NewestOf(RangeId range) => Of(range) is { Count: > 0 } writes ? writes[^1].Revision : 0;

    public void Look()
    {
        foreach (var node in cluster.Nodes)
        {
            if (!node.IsUp || node.Node.Map is not { } map) continue;
            foreach (var group in map.Groups) Look(node, group.Id);
        }
    }

    private void Look(VirtualNode node, GroupId group)
    {
        try
        {
            // A stale read is answered at once.
            var owned = node.Node.BarrierAsync(group, ReadConsistency.Stale, default, CancellationToken.None).Result.Owned;
            foreach (var range in owned.All) Look(range.Descriptor.Id, range.Store);
        }
        catch (Exception none) when (none is NodeException or SnapshotEndedException or ObjectDisposedException)
        {
            // There is nothing to see here now; another replica has it.
            return;
        }
    }

    private void Look(RangeId id, RangeStore store)
    {
        var known = NewestOf(id);
        if (store.Revision.Value <= known || store.CompactRevision.Value > known) return;
        if (!_ranges.TryGetValue(id, out var writes)) (_ranges[id], _values[id]) = (writes = [], new SortedDictionary<string, string>(StringComparer.Ordinal));
        using var snapshot = store.Snapshot(history: SnapshotHistory.All);
        foreach (var (record, bytes) in snapshot.Records(new Revision(known + 1))) writes.Add(Read(StoredRecord.Parse(bytes, record), _values[id]));
    }

    private static CommittedWrite Read(in StoredRecord record, SortedDictionary<string, string> values)
    {
        var key = Encoding.UTF8.GetString(record.Key);
        var previous = values.GetValueOrDefault(key);
        var value = record.IsTombstone ? null : Encoding.UTF8.GetString(record.Value);
        if (value is null) values.Remove(key);
        else values[key] = value;
        return new CommittedWrite(record.Modified.Value, key, value, record.IsTombstone ? 0 : record.Create.Value, record.Version, previous);
    }
}

/// <summary>One write to one key; a null value: it was deleted.</summary>
internal sealed record CommittedWrite(ulong Revision, string Key, string? Value, ulong Create, ulong Version, string? Previous);
