using KvStore.Raft;

namespace KvStore.Node.Placement;

/// <summary>Nodes, groups, ranges and their epochs at one revision of the map: immutable, replicated by the meta group.</summary>
public sealed class ClusterMap
{
    private readonly Dictionary<RangeId, RangeDescriptor> rangesById;
    private readonly Dictionary<GroupId, GroupDescriptor> groupsById;
    private readonly Dictionary<NodeId, NodeDescriptor> nodesById;

    public ClusterMap(ReadOnlyMemory<byte> clusterId, ulong revision, uint clusterVersion,
        IReadOnlyList<NodeDescriptor> nodes, IReadOnlyList<GroupDescriptor> groups, IReadOnlyList<RangeDescriptor> ranges, IReadOnlyList<KeyspaceDescriptor> keyspaces)
    {
        ClusterId = clusterId;
        Revision = revision;
        ClusterVersion = clusterVersion;
        Nodes = nodes.OrderBy(n => n.Id).ToList();
        Groups = groups.OrderBy(g => g.Id).ToList();
        Keyspaces = keyspaces.OrderBy(k => k.Id).ToList();
        var sorted = ranges.ToList();
        sorted.Sort((a, b) => Compare(a, b.Keyspace, b.Start.Span));
        Ranges = sorted;
        rangesById = ranges.ToDictionary(r => r.Id);
        groupsById = groups.ToDictionary(g => g.Id);
        nodesById = nodes.ToDictionary(n => n.Id);
    }

    public ReadOnlyMemory<byte> ClusterId { get; }
    public ulong Revision { get; }
    public uint ClusterVersion { get; }
    /// <summary>By node id.</summary>
    public IReadOnlyList<NodeDescriptor> Nodes { get; }
    /// <summary>By group id.</summary>
    public IReadOnlyList<GroupDescriptor> Groups { get; }
    /// <summary>By (keyspace, start): every keyspace is covered without gap or overlap.</summary>
    public IReadOnlyList<RangeDescriptor> Ranges { get; }
    /// <summary>By keyspace id.</summary>
    public IReadOnlyList<KeyspaceDescriptor> Keyspaces { get; }

    /// <summary>The range that holds a key; null for an unknown keyspace.</summary>
    public RangeDescriptor? Resolve(KeyspaceId keyspace, ReadOnlySpan<byte> key)
    {
        // The last range that starts at or before the key.
        int low = 0, high = Ranges.Count;
        while (low < high)
        {
            var middle = (low + high) >>> 1;
            if (Compare(Ranges[middle], keyspace, key) <= 0) low = middle + 1;
            else high = middle;
        }
        if (low == 0) return null;
        var range = Ranges[low - 1];
        return range.Keyspace == keyspace && range.Contains(key) ? range : null;
    }

    public RangeDescriptor? Find(RangeId range) => rangesById.GetValueOrDefault(range);
    public GroupDescriptor? Find(GroupId group) => groupsById.GetValueOrDefault(group);
    public NodeDescriptor? Find(NodeId node) => nodesById.GetValueOrDefault(node);
    public KeyspaceDescriptor? FindKeyspace(string name) => Keyspaces.FirstOrDefault(k => k.Name == name);
    public KeyspaceDescriptor? Find(KeyspaceId keyspace) => Keyspaces.FirstOrDefault(k => k.Id == keyspace);

    private static int Compare(RangeDescriptor range, KeyspaceId keyspace, ReadOnlySpan<byte> start)
    {
        var byKeyspace = range.Keyspace.CompareTo(keyspace);
        return byKeyspace != 0 ? byKeyspace : range.Start.Span.SequenceCompareTo(start);
    }
}

public sealed record NodeDescriptor(NodeId Id, string ClientAddress, string PeerAddress, string Zone);
public sealed record GroupDescriptor(GroupId Id, IReadOnlyList<ReplicaDescriptor> Replicas);
public sealed record ReplicaDescriptor(ReplicaId Id, NodeId Node, ReplicaKind Kind);
public enum ReplicaKind { Voter, Learner }
/// <summary><see cref="SplitNever"/>: the whole keyspace is one colocation unit.</summary>
public sealed record KeyspaceDescriptor(KeyspaceId Id, string Name, bool SplitNever);
