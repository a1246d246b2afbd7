using KvStore.Node.Leases;
using KvStore.Node.Placement;
using KvStore.Node.State;
using KvStore.Raft;
using KvStore.Storage.Engine;

namespace KvStore.Node.StateMachine;

/// <summary>The ranges of a group with their stores.</summary>
internal sealed class RangeTable
{
    private readonly GroupId group;
    private readonly GroupStore store;
    private readonly Dictionary<RangeId, HostedRange> ranges = [];
    private OwnedRanges owned = new(new Dictionary<RangeId, OwnedRange>());

    public RangeTable(GroupId group, GroupStore store, IEnumerable<RangeState> states)
    {
        this.group = group;
        this.store = store;
        foreach (var state in states) Restore(state);
        foreach (var left in store.Ranges.Where(r => ranges.Values.All(hosted => hosted.Store != r)).ToList()) store.DropRange(left.Stay);
        PublishOwned();
    }

    /// <summary>Immutable; any thread.</summary>
    public OwnedRanges Owned => Volatile.Read(ref owned);

    /// <summary>Null when the group does not own the range at that epoch.</summary>
    public HostedRange? Find(RangeRoute route) =>
        ranges.TryGetValue(route.Range, out var range) && range.Descriptor.Epoch == route.Epoch ? range : null;

    /// <summary>The range of this group that holds the key; null when there is none.</summary>
    public HostedRange? Find(KeyspaceId keyspace, ReadOnlySpan<byte> key)
    {
        foreach (var range in ranges.Values)
            if (range.Descriptor.Keyspace == keyspace && range.Descriptor.Contains(key)) return range;
        return null;
    }

    /// <summary>Every key of the group that is attached to a lease.</summary>
    public IEnumerable<(LeaseId Lease, AttachedKey Key)> Attached() => ranges.Values.OrderBy(range => range.Descriptor.Id).SelectMany(range => range.Attached());

    public bool Contains(RangeId range) => ranges.ContainsKey(range);

    /// <summary>The range is meant for this group, is a proper interval and overlaps no other range here.</summary>
    public bool MayCreate(RangeDescriptor range) =>
        range.Group == group && range.Epoch > 0
        && (range.End.IsEmpty || range.Start.Span.SequenceCompareTo(range.End.Span) < 0)
        && !ranges.Values.Any(other => Overlap(other.Descriptor, range));

    public void Create(RangeDescriptor range, Stay stay)
    {
        ranges.Add(range.Id, new HostedRange(range, store.CreateRange(stay), Revision.Zero));
        PublishOwned();
    }

    public IEnumerable<RangeState> Capture() =>
        ranges.Values.OrderBy(r => r.Descriptor.Id).Select(r => new RangeState
        {
            Range = r.Descriptor.ToRecord(), Stay = r.Store.Stay.Value, Revision = r.Revision.Value, CompactRevision = r.Store.CompactRevision.Value,
        });

    private void Restore(RangeState state)
    {
        var stay = new Stay(state.Stay);
        // A range without a record leaves no trace in the record store.
        var data = store.FindRange(stay) ?? store.CreateRange(stay);
        var revision = new Revision(state.Revision);
#if PLANTED
        if (Plants.Has(PlantedBug.RevisionGoesBack)) revision = new Revision(revision.Value - revision.Value % 8);
        else
#endif
        Invariant.That(data.Revision <= revision);
        if (data.Revision < revision) data.Publish(revision);
        if (data.CompactRevision.Value < state.CompactRevision) data.Compact(new Revision(state.CompactRevision));
        var range = RangeRecords.FromRecord(state.Range);
        ranges.Add(range.Id, new HostedRange(range, data, revision));
    }

    private void PublishOwned() =>
        Volatile.Write(ref owned, new OwnedRanges(ranges.ToDictionary(r => r.Key, r => new OwnedRange(r.Value.Descriptor, r.Value.Store))));

    private static bool Overlap(RangeDescriptor a, RangeDescriptor b) =>
        a.Keyspace == b.Keyspace
        && (a.End.IsEmpty || b.Start.Span.SequenceCompareTo(a.End.Span) < 0)
        && (b.End.IsEmpty || a.Start.Span.SequenceCompareTo(b.End.Span) < 0);
}
