using System.Text;
using KvStore.Node.Commands;
using KvStore.Node.Placement;
using KvStore.Raft;

namespace KvStore.Node.Tests.Placement;

public sealed class ClusterMapTests
{
    private readonly ClusterMap map = FirstMapTests.Map(FirstMapTests.Options(3));

    [Theory]
    [InlineData("", 1)]
    [InlineData("a", 1)]
    [InlineData("fzzz", 1)]
    [InlineData("g", 2)]
    [InlineData("mango", 2)]
    [InlineData("n", 3)]
    [InlineData("szzz", 3)]
    [InlineData("t", 4)]
    [InlineData("zebra", 4)]
    public void A_key_resolves_to_the_range_that_holds_it(string key, ulong range) =>
        Assert.Equal(range, map.Resolve(KeyspaceId.Default, Encoding.UTF8.GetBytes(key))!.Id.Value);

    [Fact]
    public void Keyspaces_do_not_run_into_each_other()
    {
        Assert.Equal(5UL, map.Resolve(KeyspaceId.Etcd, [0xFF])!.Id.Value);
        Assert.Equal(6UL, map.Resolve(KeyspaceId.System, [])!.Id.Value);
        Assert.Null(map.Resolve(new KeyspaceId(0), [1]));
        Assert.Null(map.Resolve(new KeyspaceId(9), [1]));
    }

    [Fact]
    public void What_is_not_there_is_not_found()
    {
        Assert.Null(map.Find(new RangeId(99)));
        Assert.Null(map.Find(new GroupId(99)));
        Assert.Null(map.Find(new NodeId(99)));
        Assert.Null(map.FindKeyspace("Default"));
        Assert.Equal(KeyspaceId.Etcd, map.FindKeyspace("etcd")!.Id);
    }

    [Fact]
    public void It_survives_being_stored()
    {
        var record = ClusterMapRecords.ToRecord(map);
        Assert.Equal(record, ClusterMapRecords.ToRecord(ClusterMapRecords.FromRecord(record)));
    }

    [Theory]
    [MemberData(nameof(Contradictions))]
    public void A_map_that_contradicts_itself_is_refused(string what, Action<InitializeCluster> damage)
    {
        var command = FirstMap.Build(FirstMapTests.Options(3));
        Assert.NotNull(ClusterMapRecords.TryBuild(command));
        damage(command);
        Assert.True(ClusterMapRecords.TryBuild(command) is null, what);
    }

    public static TheoryData<string, Action<InitializeCluster>> Contradictions() => new()
    {
        { "short cluster id", c => c.ClusterId = Google.Protobuf.ByteString.CopyFrom(1, 2) },
        { "no node", c => c.Nodes.Clear() },
        { "node 0", c => c.Nodes[0].NodeId = 0 },
        { "node twice", c => c.Nodes[0].NodeId = c.Nodes[1].NodeId },
        { "group twice", c => c.Groups[1].GroupId = c.Groups[2].GroupId },
        { "no meta group", c => c.Groups.RemoveAt(0) },
        { "replica 0", c => c.Groups[1].Replicas[0].ReplicaId = 0 },
        { "replica twice", c => c.Groups[1].Replicas[0].ReplicaId = 1 },
        { "two replicas on one node", c => c.Groups[1].Replicas[0].NodeId = c.Groups[1].Replicas[1].NodeId },
        { "no voter", c => c.Groups[1].Replicas.Clear() },
        { "replica on an unknown node", c => c.Groups[1].Replicas[0].NodeId = 99 },
        { "range twice", c => c.Ranges[0].RangeId = c.Ranges[1].RangeId },
        { "range on an unknown group", c => c.Ranges[0].GroupId = 99 },
        { "range of an unknown keyspace", c => c.Ranges[5].KeyspaceId = 99 },
        { "epoch 0", c => c.Ranges[0].Epoch = 0 },
        { "gap", c => c.Ranges.RemoveAt(1) },
        { "overlap", c => c.Ranges[0].End = c.Ranges[1].End },
        { "not from the start", c => c.Ranges.RemoveAt(0) },
        { "not to the end", c => c.Ranges.RemoveAt(3) },
        { "keyspace twice", c => c.Keyspaces.Add(c.Keyspaces[0].Clone()) },
        { "keyspace name twice", c => c.Keyspaces[0].Name = "etcd" },
    };
}
