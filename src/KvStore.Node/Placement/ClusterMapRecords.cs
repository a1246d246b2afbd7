using Google.Protobuf;
using KvStore.Node.Commands;
using KvStore.Node.State;
using KvStore.Raft;

namespace KvStore.Node.Placement;

/// <summary>The cluster map in commands and states.</summary>
internal static class ClusterMapRecords
{
    private const ulong FirstRevision = 1;

    /// <summary>The map that the command makes, or null when the command contradicts itself (<see cref="ClusterMapRules"/>).</summary>
    public static ClusterMap? TryBuild(InitializeCluster command)
    {
        var ranges = command.Ranges.Select(RangeRecords.FromRecord).ToList();
        var groups = command.Groups.Select(Group).ToList();
        var nodes = command.Nodes.Select(Node).ToList();
        var keyspaces = command.Keyspaces.Select(Keyspace).ToList();
        if (ClusterMapRules.FirstProblem(command.ClusterId.Span, nodes, groups, ranges, keyspaces) is not null) return null;
        return new ClusterMap(command.ClusterId.Memory, FirstRevision, command.ClusterVersion, nodes, groups, ranges, keyspaces);
    }

    public static ClusterMap FromRecord(ClusterMapRecord record) =>
        new(record.ClusterId.Memory, record.Revision, record.ClusterVersion, record.Nodes.Select(Node).ToList(), record.Groups.Select(Group).ToList(),
            record.Ranges.Select(RangeRecords.FromRecord).ToList(), record.Keyspaces.Select(Keyspace).ToList());

    public static ClusterMapRecord ToRecord(ClusterMap map) => new()
    {
        ClusterId = ByteString.CopyFrom(map.ClusterId.Span),
        Revision = map.Revision,
        ClusterVersion = map.ClusterVersion,
        Nodes = { map.Nodes.Select(ToRecord) },
        Groups = { map.Groups.Select(ToRecord) },
        Ranges = { map.Ranges.Select(RangeRecords.ToRecord) },
        Keyspaces = { map.Keyspaces.Select(ToRecord) },
    };

    public static NodeRecord ToRecord(NodeDescriptor node) =>
        new() { NodeId = node.Id.Value, ClientAddress = node.ClientAddress, PeerAddress = node.PeerAddress, Zone = node.Zone };

    public static GroupRecord ToRecord(GroupDescriptor group) => new()
    {
        GroupId = group.Id.Value,
        Replicas = { group.Replicas.Select(r => new ReplicaRecord { ReplicaId = r.Id.Value, NodeId = r.Node.Value, Learner = r.Kind == ReplicaKind.Learner }) },
    };

    public static KeyspaceRecord ToRecord(KeyspaceDescriptor keyspace) =>
        new() { KeyspaceId = keyspace.Id.Value, Name = keyspace.Name, SplitNever = keyspace.SplitNever };

    private static NodeDescriptor Node(NodeRecord record) => new(new NodeId(record.NodeId), record.ClientAddress, record.PeerAddress, record.Zone);

    private static GroupDescriptor Group(GroupRecord record) => new(new GroupId(record.GroupId),
        record.Replicas.Select(r => new ReplicaDescriptor(new ReplicaId(r.ReplicaId), new NodeId(r.NodeId), r.Learner ? ReplicaKind.Learner : ReplicaKind.Voter)).ToList());

    private static KeyspaceDescriptor Keyspace(KeyspaceRecord record) => new(new KeyspaceId(record.KeyspaceId), record.Name, record.SplitNever);
}
