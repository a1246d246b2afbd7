using KvStore.Node.Placement;
using KvStore.Raft;

namespace KvStore.Node.Replicas;

/// <summary>The replicas of a node and the newest cluster map that it knows: immutable, so that requests look things up without a lock.</summary>
internal sealed class NodeView
{
    public static readonly NodeView Empty = new([], null);

    private readonly Dictionary<GroupId, (GroupReplica Replica, ReplicaApplier? Applier)> _replicas;

    private NodeView(Dictionary<GroupId, (GroupReplica, ReplicaApplier?)> replicas, ClusterMap? map) => (_replicas, Map) = (replicas, map);

    public ClusterMap? Map { get; }

    /// <summary>In order of their groups.</summary>
    public IEnumerable<GroupReplica> Replicas => _replicas.Values.Select(pair => pair.Replica).OrderBy(replica => replica.Group);

    public GroupReplica? Find(GroupId group) => _replicas.TryGetValue(group, out var found) ? found.Replica : null;

    /// <summary>Null also for a replica whose store is damaged.</summary>
    public ReplicaApplier? FindApplier(GroupId group) => _replicas.TryGetValue(group, out var found) ? found.Applier : null;

    public NodeView With(GroupReplica replica, ReplicaApplier? applier) => new(new Dictionary<GroupId, (GroupReplica, ReplicaApplier?)>(_replicas) { [replica.Group] = (replica, applier) }, Map);

    public NodeView With(ClusterMap map) => new(_replicas, map);
}
