using System.Collections.Concurrent;
using KvStore.Node.Placement;
using KvStore.Raft;

namespace KvStore.Node.Replicas;

/// <summary>On which node each replica lives: from the cluster map, before there is one from the founders, and from what replicas say themselves. Thread-safe.</summary>
internal sealed class ReplicaAddresses
{
    /// <summary>A few replicas a group, replaced whole: every message asks, and hardly any tells something new.</summary>
    private readonly ConcurrentDictionary<GroupId, (ReplicaId Replica, NodeId Node)[]> _groups = new();

    /// <summary>None when unknown: what is meant for that replica is dropped.</summary>
    public NodeId NodeOf(GroupId group, ReplicaId replica)
    {
        if (!_groups.TryGetValue(group, out var known)) return NodeId.None;
        foreach (var (id, node) in known)
            if (id == replica) return node;
        return NodeId.None;
    }

    public void Learn(GroupId group, ReplicaId replica, NodeId node)
    {
        if (NodeOf(group, replica) != node) _groups.AddOrUpdate(group, _ => [(replica, node)], (_, known) => [.. known.Where(other => other.Replica != replica), (replica, node)]);
    }

    public void Learn(ClusterMap map)
    {
        foreach (var group in map.Groups)
            foreach (var replica in group.Replicas) Learn(group.Id, replica.Id, replica.Node);
    }
}
