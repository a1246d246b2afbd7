using KvStore.Node.Placement;
using KvStore.Storage.Engine;

namespace KvStore.Node.StateMachine;

/// <summary>An immutable snapshot of what a group owned after some applied index.</summary>
public sealed class OwnedRanges(IReadOnlyDictionary<RangeId, OwnedRange> ranges)
{
    public OwnedRange? Find(RangeId id) => ranges.TryGetValue(id, out var owned) ? owned : null;
    public IEnumerable<OwnedRange> All => ranges.Values.OrderBy(r => r.Descriptor.Id);
}

public sealed record OwnedRange(RangeDescriptor Descriptor, RangeStore Store);
