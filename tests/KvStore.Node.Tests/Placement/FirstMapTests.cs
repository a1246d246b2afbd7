using System.Text;
using KvStore.Node.Placement;
using KvStore.Raft;

namespace KvStore.Node.Tests.Placement;

public sealed class FirstMapTests
{
    [Fact]
    public void Every_default_range_has_a_data_group_of_its_own()
    {
        var map = Map(Options(3));
        var homes = map.Ranges.Where(r => r.Keyspace == KeyspaceId.Default).Select(r => r.Group).ToList();
        Assert.Equal(4, homes.Distinct().Count());
        Assert.DoesNotContain(GroupId.Meta, map.Ranges.Select(r => r.Group));
    }

    [Fact]
    public void Keyspaces_are_cut_as_the_design_says()
    {
        var map = Map(Options(3));
        Assert.Equal(["default", "etcd", "system"], map.Keyspaces.Select(k => k.Name));
        Assert.Equal([false, true, false], map.Keyspaces.Select(k => k.SplitNever));
        Assert.Equal(["-g", "g-n", "n-t", "t-", "-", "-"], map.Ranges.Select(r => Encoding.UTF8.GetString(r.Start.Span) + "-" + Encoding.UTF8.GetString(r.End.Span)));
    }

    [Theory]
    [InlineData(1, 3, 1)]
    [InlineData(2, 3, 2)]
    [InlineData(3, 3, 3)]
    [InlineData(5, 3, 3)]
    [InlineData(7, 5, 5)]
    public void A_data_group_has_one_replica_a_node_up_to_the_wish(int nodes, int wished, int expected)
    {
        var map = Map(Options(nodes) with { ReplicasPerGroup = wished });
        foreach (var group in map.Groups.Where(g => g.Id != GroupId.Meta))
        {
            Assert.Equal(expected, group.Replicas.Count);
            Assert.Equal(expected, group.Replicas.Select(r => r.Node).Distinct().Count());
        }
    }

    [Fact]
    public void Replica_ids_are_unique_in_the_cluster_and_never_0()
    {
        var ids = Map(Options(5)).Groups.SelectMany(g => g.Replicas).Select(r => r.Id.Value).ToList();
        Assert.Equal(ids.Count, ids.Distinct().Count());
        Assert.DoesNotContain(0UL, ids);
    }

    [Fact]
    public void Every_founder_computes_the_same_meta_group_without_a_map()
    {
        var options = Options(5);
        var shuffled = options.Founders.Reverse().ToList();
        var known = FirstMap.MetaGroup(shuffled);
        Assert.Equal(Map(options).Find(GroupId.Meta)!.Replicas, known.Replicas);
        Assert.Equal(FirstMap.Build(options), FirstMap.Build(options with { Founders = shuffled }));
    }

    [Fact]
    public void Replicas_are_spread_over_zones()
    {
        var founders = Enumerable.Range(1, 9).Select(i => Founder(i, "zone" + (i % 3))).ToList();
        var map = Map(Options(9) with { Founders = founders, DataGroups = 12 });
        foreach (var group in map.Groups.Where(g => g.Id != GroupId.Meta))
            Assert.Equal(3, group.Replicas.Select(r => map.Find(r.Node)!.Zone).Distinct().Count());
    }

    [Fact]
    public void Nodes_carry_even_loads()
    {
        var map = Map(Options(5) with { DataGroups = 20 });
        var loads = map.Groups.Where(g => g.Id != GroupId.Meta).SelectMany(g => g.Replicas).GroupBy(r => r.Node).Select(g => g.Count());
        Assert.All(loads, load => Assert.Equal(12, load));
    }

    [Fact]
    public void First_leaders_are_spread_over_machines()
    {
        var map = Map(Options(3) with { DataGroups = 6 });
        Assert.Equal([1UL, 2, 3, 1, 2, 3], FirstLeaders(map));
    }

    [Fact]
    public void Nodes_of_one_machine_share_one_first_leader()
    {
        var founders = Enumerable.Range(1, 3).Select(i => new Founder(new NodeId((ulong)i), $"127.0.0.1:710{i}", $"127.0.0.1:720{i}")).ToList();
        Assert.Equal([1UL, 1, 1, 1], FirstLeaders(Map(Options(3) with { Founders = founders })));
        var two = founders.Append(new Founder(new NodeId(4), "[::1]:7104", "[::1]:7204")).ToList();
        Assert.Equal([1UL, 4, 1, 4], FirstLeaders(Map(Options(3) with { Founders = two, ReplicasPerGroup = 4 })));
    }

    [Fact]
    public void The_placement_of_a_first_start_is_frozen()
    {
        var map = Map(Options(4) with { DataGroups = 4 });
        Assert.Equal("1:3 2:1 3:2 4:4 5:4 6:2", string.Join(" ", map.Ranges.Select(r => $"{r.Id}:{r.Group}")));
        Assert.Equal("1234 134 214 423 123", string.Join(" ", map.Groups.Select(g => string.Concat(g.Replicas.Select(r => r.Node)))));
    }

    [Fact]
    public void The_cluster_id_is_frozen() =>
        Assert.Equal("e1fa7a09a3d4a4541bf8533a69fe433b076166acfc172234bd492f2343fc61c6", Convert.ToHexStringLower(ClusterId.Compute("token", Options(3).Founders).Span));

    [Fact]
    public void The_cluster_id_tells_tokens_and_founders_apart_but_not_their_order_zones_and_client_addresses()
    {
        var founders = Options(3).Founders;
        var id = ClusterId.Compute("token", founders).ToArray();
        Assert.Equal(id, ClusterId.Compute("token", founders.Reverse().ToList()).ToArray());
        Assert.Equal(id, ClusterId.Compute("token", founders.Select(f => f with { Zone = "z", ClientAddress = "x:1" }).ToList()).ToArray());
        Assert.NotEqual(id, ClusterId.Compute("other", founders).ToArray());
        Assert.NotEqual(id, ClusterId.Compute("token", founders.Take(2).ToList()).ToArray());
        Assert.NotEqual(id, ClusterId.Compute("token", founders.Select(f => f with { PeerAddress = f.PeerAddress + "0" }).ToList()).ToArray());
    }

    private static IEnumerable<ulong> FirstLeaders(ClusterMap map) => map.Groups.Where(g => g.Id != GroupId.Meta).Select(g => g.Replicas.MinBy(r => r.Id)!.Node.Value);

    internal static ClusterMap Map(NodeOptions options) => ClusterMapRecords.TryBuild(FirstMap.Build(options))!;

    internal static NodeOptions Options(int nodes) => new()
    {
        Id = new NodeId(1), DataDirectory = "data", Token = "token", Founders = Enumerable.Range(1, nodes).Select(i => Founder(i, "")).ToList(),
    };

    private static Founder Founder(int i, string zone) => new(new NodeId((ulong)i), $"127.0.0.{i}:7101", $"127.0.0.{i}:7201", zone);
}
