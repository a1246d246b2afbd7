using KvStore.Raft;

namespace KvStore.Node.Placement;

/// <summary>Nodes, groups, ranges and their epochs at one revision of the map: immutable, replicated by the meta group.</summary>
public sealed class ClusterMap(ReadOnlyMemory<byte> clusterId, ulong revision, uint clusterVersion,
    IReadOnlyList<NodeDescriptor> nodes, IReadOnlyList<GroupDescriptor> groups, IReadOnlyList<RangeDescriptor> ranges, IReadOnlyList<KeyspaceDescriptor> keyspaces)
{
    public ReadOnlyMemory<byte> ClusterId { get; } = clusterId;
    public ulong Revision { get; } = revision;
    public uint ClusterVersion { get; } = clusterVersion;
    /// <summary>By node id.</summary>
    public IReadOnlyList<NodeDescriptor> Nodes { get; } = nodes;
    /// <summary>By group id.</summary>
    public IReadOnlyList<GroupDescriptor> Groups { get; } = groups;
    /// <summary>By (keyspace, start): every keyspace is covered without gap or overlap.</summary>
    public IReadOnlyList<RangeDescriptor> Ranges { get; } = ranges;
    public IReadOnlyList<KeyspaceDescriptor> Keyspaces { get; } = keyspaces;

    /// <summary>The range that holds a key; null for an unknown keyspace.</summary>
    public RangeDescriptor? Resolve(KeyspaceId keyspace, ReadOnlySpan<byte> key) => throw new NotImplementedException();
    public RangeDescriptor? Find(RangeId range) => throw new NotImplementedException();
    public GroupDescriptor? Find(GroupId group) => throw new NotImplementedException();
    public NodeDescriptor? Find(NodeId node) => throw new NotImplementedException();
    public KeyspaceDescriptor? FindKeyspace(string name) => throw new NotImplementedException();
}

public sealed record NodeDescriptor(NodeId Id, string ClientAddress, string PeerAddress, string Zone);
public sealed record GroupDescriptor(GroupId Id, IReadOnlyList<ReplicaDescriptor> Replicas);
public sealed record ReplicaDescriptor(ReplicaId Id, NodeId Node, ReplicaKind Kind);
public enum ReplicaKind { Voter, Learner }
/// <summary><see cref="SplitNever"/>: the whole keyspace is one colocation unit.</summary>
public sealed record KeyspaceDescriptor(KeyspaceId Id, string Name, bool SplitNever);
