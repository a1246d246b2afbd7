using KvStore.Raft;

namespace KvStore.Node.Tests.Cluster;

public class FirstStartTests
{
    [Fact]
    public void Three_founders_elect_make_the_map_and_serve()
    {
        using var cluster = VirtualCluster.Started(1);
        Assert.All(cluster.Nodes, node => Assert.Equal(cluster.Map.Revision, node.Node.Map!.Revision));
        Assert.All(cluster.Map.Groups, group => Assert.NotNull(cluster.LeaderOf(group.Id)));
        cluster.Put("apple", "red");
        cluster.Put("zebra", "striped");
        Assert.Equal("red", cluster.Get("apple"));
        Assert.Equal("striped", cluster.Get("zebra"));
        Assert.Null(cluster.Get("pear"));
    }

    [Fact]
    public void A_single_node_needs_nobody()
    {
        using var cluster = VirtualCluster.Started(2, nodes: 1);
        cluster.Put("apple", "red");
        Assert.Equal("red", cluster.Get("apple"));
    }

    [Fact]
    public void A_first_start_takes_less_than_three_seconds()
    {
        using var cluster = new VirtualCluster(3);
        var begin = cluster.Clock.Now;
        foreach (var node in cluster.Nodes) node.Start();
        cluster.WaitUntilReady();
        Assert.InRange(cluster.Clock.Now - begin, TimeSpan.Zero, TimeSpan.FromSeconds(3));
    }

    [Theory]
    [MemberData(nameof(Seeds))]
    public void Groups_are_led_by_their_lowest_replica_even_if_its_node_comes_last(ulong seed)
    {
        using var cluster = new VirtualCluster(seed);
        cluster.Nodes[1].Start();
        cluster.Nodes[2].Start();
        cluster.RunFor(TimeSpan.FromMilliseconds(150));
        cluster.Nodes[0].Start();
        cluster.WaitUntilReady();
        Assert.All(cluster.Map.Groups, group => Assert.Equal(group.Replicas.MinBy(replica => replica.Id.Value)!.Node, cluster.LeaderOf(group.Id)!.Id));
    }

    public static TheoryData<ulong> Seeds => new(Enumerable.Range(100, 20).Select(seed => (ulong)seed));

    [Fact]
    public void A_founder_that_comes_later_finds_its_place()
    {
        using var cluster = new VirtualCluster(4);
        cluster.Nodes[0].Start();
        cluster.Nodes[1].Start();
        cluster.WaitUntilReady();
        cluster.Put("apple", "red");
        cluster.Nodes[2].Start();
        cluster.WaitUntilReady();
        Assert.Equal("red", cluster.Get("apple", ReadConsistency.Follower, cluster.Nodes[2]));
    }

    [Fact]
    public void A_wiped_node_is_heard_by_nobody_that_knew_it()
    {
        using var cluster = VirtualCluster.Started(6);
        cluster.Put("apple", "red");
        var (wiped, other) = (cluster.Nodes[2], cluster.LeaderOf(GroupId.Meta) == cluster.Nodes[0] ? cluster.Nodes[1] : cluster.Nodes[0]);
        wiped.Kill();
        wiped.Disk.DeleteDirectory(cluster.OptionsOf(wiped.Id).DataDirectory);
        wiped.Start();
        cluster.RunFor(TimeSpan.FromSeconds(3));
        Assert.NotNull(wiped.Node.NotReadyReason);
        other.Kill();
        cluster.RunFor(TimeSpan.FromSeconds(5));
        Assert.All(cluster.Nodes.Where(node => node.IsUp), node => Assert.False(node.Node.Leads(GroupId.Meta), "one of three and an empty node are no quorum"));
        other.Start();
        cluster.RunUntil(() => cluster.LeaderOf(GroupId.Meta) is not null && other.Node.NotReadyReason is null, TimeSpan.FromSeconds(30));
        Assert.Equal("red", cluster.Get("apple", ReadConsistency.Follower, other));
    }

    [Fact]
    public void A_directory_in_use_is_refused()
    {
        using var cluster = VirtualCluster.Started(5, nodes: 1);
        var refused = Assert.Throws<NodeStartException>(cluster.Nodes[0].Start);
        Assert.Contains("in use", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_directory_of_another_node_or_cluster_is_refused()
    {
        using var cluster = VirtualCluster.Started(6);
        var node = cluster.Nodes[0];
        node.Crash();
        node.Configure = options => options with { Token = "other" };
        Assert.Contains("another cluster", Assert.Throws<NodeStartException>(node.Start).Message, StringComparison.Ordinal);
        node.Configure = options => options with { Id = new NodeId(2) };
        Assert.Contains("belongs to node 1", Assert.Throws<NodeStartException>(node.Start).Message, StringComparison.Ordinal);
        node.Configure = null;
        node.Start();
        cluster.WaitUntilReady();
    }

    [Fact]
    public void Another_incarnation_of_a_known_node_is_refused()
    {
        using var cluster = VirtualCluster.Started(7);
        var (first, second) = (cluster.Nodes[0].Node, cluster.Nodes[1].Node);
        Assert.Null(first.Peers.Refuse(second.Id, second.ClusterId.Span, second.Identity.Incarnation.Span));
        Assert.Null(first.Peers.Refuse(second.Id, second.ClusterId.Span, second.Identity.Incarnation.Span));
        Assert.Equal("node 2 was wiped: kvctl node replace 2", first.Peers.Refuse(second.Id, second.ClusterId.Span, new byte[16]));
        cluster.Nodes[0].Crash();
        cluster.Nodes[0].Start();
        Assert.Equal("node 2 was wiped: kvctl node replace 2", cluster.Nodes[0].Node.Peers.Refuse(second.Id, second.ClusterId.Span, new byte[16]));
    }

    /// <summary>As the server's configuration allows: shorter than what a commit index waits for an entry.</summary>
    [Fact]
    public void The_shortest_heartbeat_interval_that_can_be_set_works()
    {
        using var cluster = new VirtualCluster(1);
        foreach (var node in cluster.Nodes)
        {
            node.Configure = options => options with { HeartbeatInterval = TimeSpan.FromMilliseconds(1) };
            node.Start();
        }
        cluster.WaitUntilReady();
        cluster.Put("apple", "red");
        Assert.Equal("red", cluster.Get("apple"));
    }
}
