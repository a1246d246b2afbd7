using System.Collections.Concurrent;
using KvStore.Node.Placement;
using KvStore.Raft;

namespace KvStore.Node.Replicas;

/// <summary>On which node each replica lives: from the cluster map, before there is one from the founders, and from what replicas say themselves. Thread-safe.</summary>
internal sealed class ReplicaAddresses
{
    private readonly ConcurrentDictionary<(GroupId, ReplicaId), NodeId> _nodes = new();

    /// <summary>None when unknown: what is meant for that replica is dropped.</summary>
    public NodeId NodeOf(GroupId group, ReplicaId replica) => _nodes.TryGetValue((group, replica), out var node) ? node : NodeId.None;

    public void Learn(GroupId group, ReplicaId replica, NodeId node)
    {
        if (!_nodes.TryGetValue((group, replica), out var known) || known != node) _nodes[(group, replica)] = node;
    }

    public void Learn(ClusterMap map)
    {
        foreach (var group in map.Groups)
            foreach (var replica in group.Replicas) Learn(group.Id, replica.Id, replica.Node);
    }
}
