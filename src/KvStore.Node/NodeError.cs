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
    /// <summary>None when unknown.</summary>
    public NodeId LeaderNode { get; init; }
}

/// <summary>A <see cref="NodeError"/> thrown from a read.</summary>
public sealed class NodeException(NodeError error) : Exception(error.Message)
{
    public NodeError Error { get; } = error;
}
