using KvStore.Raft;

namespace KvStore.Node;

/// <summary>Why an operation was not done. With <see cref="OutcomeUnknown"/> a write was proposed and may or may not take effect; without it, it certainly does not.</summary>
public sealed record NodeError(NodeErrorCode Code, string Message)
{
    public bool OutcomeUnknown { get; init; }
    public TimeSpan RetryAfter { get; init; }
    public Placement.RangeDescriptor? Range { get; init; }
    /// <summary>Of <see cref="NodeErrorCode.Compacted"/> from a watch: history up to this is gone; a watch may begin at the next revision.</summary>
    public Storage.Engine.Revision? CompactRevision { get; init; }
    /// <summary>Of <see cref="NodeErrorCode.NotColocated"/>: what is apart.</summary>
    public KeysApart? Keys { get; init; }
    /// <summary>None when unknown.</summary>
    public NodeId LeaderNode { get; init; }
}

/// <summary>Two keys of different colocation units.</summary>
/// <param name="Key">A key, or the start of an interval.</param>
/// <param name="Other">The transaction's first key, or the exclusive end of the interval (empty: the end of the keyspace).</param>
public readonly record struct KeysApart(ReadOnlyMemory<byte> Key, ReadOnlyMemory<byte> Other);

/// <summary>A <see cref="NodeError"/> thrown from a read.</summary>
public sealed class NodeException(NodeError error) : Exception(error.Message)
{
    public NodeError Error { get; } = error;
}
