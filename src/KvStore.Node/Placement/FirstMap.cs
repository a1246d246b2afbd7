using System.Text;
using Google.Protobuf;
using KvStore.Node.Commands;
using KvStore.Raft;

namespace KvStore.Node.Placement;

/// <summary>The cluster map of a first start, made from configuration alone (DESIGN §7).</summary>
public static class FirstMap
{
    private const ulong FirstEpoch = 1;
    private const uint FirstClusterVersion = 1;

    /// <summary>Where the keyspace "default" is cut at first.</summary>
    private static readonly string[] DefaultSplits = ["g", "n", "t"];

    private static readonly KeyspaceDescriptor[] Keyspaces =
    [
        new(KeyspaceId.Default, "default", SplitNever: false),
        new(KeyspaceId.Etcd, "etcd", SplitNever: true),
        new(KeyspaceId.System, "system", SplitNever: false),
    ];

    /// <summary>
    /// The meta group: every founder is a voter. Replica ids are 1, 2, ... in order of node id, so that each founder knows them before there is a map.
    /// It depends on the founders alone.
    /// </summary>
    public static GroupDescriptor MetaGroup(IReadOnlyList<Founder> founders)
    {
        ArgumentNullException.ThrowIfNull(founders);
        return Group(GroupId.Meta, founders.Select(f => f.Id).Order().ToList(), replicasBefore: 0);
    }

    /// <summary>The command that the meta group's first leader proposes.</summary>
    public static InitializeCluster Build(NodeOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.DataGroups, 1);
        var groups = Groups(options);
        var dataGroups = groups.Select(g => g.Id).Where(id => id != GroupId.Meta).ToList();
        return new InitializeCluster
        {
            ClusterId = ByteString.CopyFrom(ClusterId.Compute(options.Token, options.Founders).Span),
            ClusterVersion = FirstClusterVersion,
            Nodes = { options.Founders.OrderBy(f => f.Id).Select(f => ClusterMapRecords.ToRecord(new NodeDescriptor(f.Id, f.ClientAddress, f.PeerAddress, f.Zone))) },
            Groups = { groups.Select(ClusterMapRecords.ToRecord) },
            Ranges = { Ranges(dataGroups).Select(RangeRecords.ToRecord) },
            Keyspaces = { Keyspaces.Select(ClusterMapRecords.ToRecord) },
        };
    }

    private static List<GroupDescriptor> Groups(NodeOptions options)
    {
        var ids = Enumerable.Range(1, options.DataGroups).Select(i => new GroupId((ulong)i)).ToList();
        var nodes = ReplicaPlacement.Place(ids, options.Founders, options.ReplicasPerGroup);
        var groups = new List<GroupDescriptor> { MetaGroup(options.Founders) };
        var replicas = groups[0].Replicas.Count;
        for (var i = 0; i < ids.Count; i++)
        {
            groups.Add(Group(ids[i], FirstLeaderFirst(nodes[i], options.Founders, turn: i), replicas));
            replicas += nodes[i].Count;
        }
        return groups;
    }

    /// <summary>
    /// The lowest replica of a group leads it first, so the order of its nodes spreads the leaders over machines in turn. Over machines, not over nodes: nodes on one machine share its processors, and
    /// there a batch that is led in one place is cheaper for all of them (docs/adr/0014).
    /// </summary>
    private static List<NodeId> FirstLeaderFirst(IReadOnlyList<NodeId> nodes, IReadOnlyList<Founder> founders, int turn)
    {
        var machines = nodes.GroupBy(node => MachineOf(founders.First(founder => founder.Id == node))).Select(machine => machine.First()).ToList();
        var first = machines[turn % machines.Count];
        return [first, .. nodes.Where(node => node != first)];
    }

    /// <summary>What stands before the port.</summary>
    private static string MachineOf(Founder founder) => founder.PeerAddress[..founder.PeerAddress.LastIndexOf(':')];

    private static GroupDescriptor Group(GroupId id, IReadOnlyList<NodeId> nodes, int replicasBefore) =>
        new(id, nodes.Select((node, i) => new ReplicaDescriptor(new ReplicaId((ulong)(replicasBefore + i + 1)), node, ReplicaKind.Voter)).ToList());

    private static IEnumerable<RangeDescriptor> Ranges(IReadOnlyList<GroupId> dataGroups)
    {
        var intervals = Intervals().Select((interval, i) => (Id: new RangeId((ulong)i + 1), interval.Keyspace, interval.Start, interval.End)).ToList();
        var homes = RangePlacement.Place(intervals.Select(i => (i.Id, i.Keyspace)).ToList(), dataGroups, new Dictionary<RangeId, GroupId>(), added: []);
        return intervals.Select(i => new RangeDescriptor(i.Id, FirstEpoch, homes[i.Id], i.Keyspace, i.Start, i.End)
        {
            Colocation = Keyspaces.Single(k => k.Id == i.Keyspace).SplitNever ? Colocation.Keyspace : Colocation.ByPrefix,
        });
    }

    private static IEnumerable<(KeyspaceId Keyspace, byte[] Start, byte[] End)> Intervals()
    {
        byte[][] borders = [[], .. DefaultSplits.Select(Encoding.UTF8.GetBytes), []];
        for (var i = 1; i < borders.Length; i++) yield return (KeyspaceId.Default, borders[i - 1], borders[i]);
        yield return (KeyspaceId.Etcd, [], []);
        yield return (KeyspaceId.System, [], []);
    }
}
