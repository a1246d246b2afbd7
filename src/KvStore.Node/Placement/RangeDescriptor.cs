using KvStore.Raft;

namespace KvStore.Node.Placement;

/// <summary>A range [Start, End) of a keyspace, owned by one group at an epoch. An empty End reaches to the end of the keyspace.</summary>
public sealed record RangeDescriptor(RangeId Id, ulong Epoch, GroupId Group, KeyspaceId Keyspace, ReadOnlyMemory<byte> Start, ReadOnlyMemory<byte> End)
{
    /// <summary>What a transaction in this range may take in; the same for all ranges of a keyspace.</summary>
    public Colocation Colocation { get; init; }

    public bool Contains(ReadOnlySpan<byte> key) =>
        key.SequenceCompareTo(Start.Span) >= 0 && (End.IsEmpty || key.SequenceCompareTo(End.Span) < 0);
}
