using KvStore.Node.Replicas;
using KvStore.Raft;

namespace KvStore.Node;

public sealed record NodeStatus(NodeId Id, ReadOnlyMemory<byte> ClusterId, string? NotReadyReason, IReadOnlyList<ReplicaStatus> Replicas, long WalBytes);

/// <summary><see cref="StateHash"/> is that of the state at <see cref="Applied"/>. <see cref="StoppedReason"/>: it serves no more. <see cref="Alarm"/>: its state hash has differed from another replica's.</summary>
public sealed record ReplicaStatus(GroupId Group, ReplicaId Replica, RaftRole Role, Term Term, NodeId Leader, LogIndex Commit, LogIndex Applied, LogIndex Last, LogIndex First,
    long Keys, ulong StateHash, int Sessions, string? StoppedReason)
{
    public string? Alarm { get; init; }

    internal static ReplicaStatus Of(GroupReplica replica)
    {
        var (view, statistics) = (replica.View, replica.Statistics);
        var keys = replica.Machine?.Owned.All.Sum(range => range.Store.Keys) ?? 0;
        // Not the replica's own applied index, which runs ahead of the hash within a turn.
        return new ReplicaStatus(replica.Group, replica.Id, view.Role, view.Term, view.Leader, replica.Commit, statistics.Applied, replica.Last, replica.First, keys, statistics.StateHash, statistics.Sessions, replica.StoppedReason)
        {
            Alarm = statistics.Alarm,
        };
    }
}
