using KvStore.Raft;

namespace KvStore.Node;

public sealed record NodeStatus(NodeId Id, ReadOnlyMemory<byte> ClusterId, string? NotReadyReason, IReadOnlyList<ReplicaStatus> Replicas, long WalBytes);

/// <summary><see cref="StoppedReason"/>: it serves no more. <see cref="Alarm"/>: its state hash has differed from another replica's.</summary>
public sealed record ReplicaStatus(GroupId Group, ReplicaId Replica, RaftRole Role, Term Term, NodeId Leader, LogIndex Commit, LogIndex Applied, LogIndex Last, LogIndex First,
    long Keys, ulong StateHash, int Sessions, string? StoppedReason)
{
    public string? Alarm { get; init; }
}
