using KvStore.Raft;

namespace KvStore.Node.Replicas;

/// <summary>What request threads see of a replica's role: immutable, published by its loop when it changes. The leader is a node; none when unknown.</summary>
internal sealed record ReplicaView(RaftRole Role, Term Term, NodeId Leader, Configuration Configuration)
{
    public bool IsLeader => Role == RaftRole.Leader;
}
