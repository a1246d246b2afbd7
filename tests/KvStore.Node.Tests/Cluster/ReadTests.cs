using KvStore.Storage.Engine;

namespace KvStore.Node.Tests.Cluster;

public class ReadTests
{
    [Theory]
    [InlineData(ReadConsistency.Linearizable)]
    [InlineData(ReadConsistency.Quorum)]
    [InlineData(ReadConsistency.Bounded)]
    [InlineData(ReadConsistency.Stale)]
    public void The_leader_answers_every_consistency(ReadConsistency consistency)
    {
        using var cluster = VirtualCluster.Started(1);
        cluster.Put("apple", "red");
        Assert.Equal("red", cluster.Get("apple", consistency, maxStaleness: TimeSpan.FromSeconds(1)));
    }

    [Fact]
    public void A_follower_read_sees_what_was_acknowledged_before()
    {
        using var cluster = VirtualCluster.Started(2);
        for (var i = 0; i < 20; i++)
        {
            cluster.Put("apple", $"{i}");
            foreach (var node in cluster.Nodes) Assert.Equal($"{i}", cluster.Get("apple", ReadConsistency.Follower, node));
        }
    }

    /// <summary>The last write of a burst, too, for whose commit index there is no entry to travel with: a tick brings it, every 20 ms, and not only the heartbeat after 100.</summary>
    [Fact]
    public void Followers_hold_a_write_some_milliseconds_after_it_was_acknowledged()
    {
        using var cluster = VirtualCluster.Started(2);
        for (var i = 0; i < 20; i++)
        {
            cluster.Put("apple", $"{i}");
            cluster.RunFor(TimeSpan.FromMilliseconds(24));
            foreach (var node in cluster.Nodes) Assert.Equal($"{i}", cluster.Get("apple", ReadConsistency.Stale, node));
        }
    }

    [Fact]
    public void A_follower_refuses_a_linearizable_read_and_names_the_leader()
    {
        using var cluster = VirtualCluster.Started(3);
        var leader = cluster.WaitForLeaderOf(cluster.RangeOf("apple").Group);
        foreach (var node in cluster.Nodes.Where(node => node != leader))
        {
            var refused = Assert.Throws<NodeException>(() => cluster.Get("apple", ReadConsistency.Linearizable, node));
            Assert.Equal(NodeErrorCode.NotLeader, refused.Error.Code);
            Assert.Equal(leader.Id, refused.Error.LeaderNode);
        }
    }

    [Fact]
    public void A_lease_read_needs_no_message()
    {
        using var cluster = VirtualCluster.Started(4);
        cluster.Put("apple", "red");
        var range = cluster.RangeOf("apple");
        var leader = cluster.WaitForLeaderOf(range.Group);
        var read = leader.Node.GetAsync(new GetQuery(new RangeRoute(range.Id, range.Epoch), "apple"u8.ToArray(), ReadConsistency.Linearizable, default, null), CancellationToken.None);
        Assert.True(read.IsCompletedSuccessfully);
    }

    [Fact]
    public void What_a_reader_behind_a_barrier_finds_damaged_stops_the_replica_and_the_others_go_on()
    {
        using var cluster = VirtualCluster.Started(6);
        cluster.Put("apple", "red");
        var group = cluster.RangeOf("apple").Group;
        var leader = cluster.WaitForLeaderOf(group);
        Assert.Equal(NodeErrorCode.Unavailable, leader.Node.ReadFailure(group, new SnapshotEndedException(new Revision(1)))?.Code);
        Assert.Null(leader.Node.ReadFailure(group, new InvalidOperationException("none of the engine's")));
        Assert.Null(cluster.StatusOf(leader, group).StoppedReason);
        Assert.Equal(NodeErrorCode.Internal, leader.Node.ReadFailure(group, new RecordDamagedException("a record is not what was written"))?.Code);
        cluster.RunUntil(() => cluster.StatusOf(leader, group).StoppedReason is not null, TimeSpan.FromSeconds(5));
        Assert.Contains("a record is not what was written", cluster.StatusOf(leader, group).StoppedReason, StringComparison.Ordinal);
        cluster.RunUntil(() => !leader.Node.Leads(group) && cluster.Nodes.Any(node => node.Node.Leads(group)), TimeSpan.FromSeconds(10));
        cluster.Put("apple", "green");
        Assert.Equal("green", cluster.Get("apple"));
    }

    [Fact]
    public void A_bounded_read_at_a_follower_is_served_alone_while_it_is_fresh()
    {
        using var cluster = VirtualCluster.Started(5);
        cluster.Put("apple", "red");
        var range = cluster.RangeOf("apple");
        var follower = cluster.Nodes.First(node => node != cluster.WaitForLeaderOf(range.Group));
        var bound = TimeSpan.FromSeconds(1);
        // What was fresh at the start is too old by now: the read makes a round, and those after it need none.
        cluster.RunFor(bound + bound);
        Assert.Equal("red", cluster.Get("apple", ReadConsistency.Bounded, follower, bound));
        var query = new GetQuery(new RangeRoute(range.Id, range.Epoch), "apple"u8.ToArray(), ReadConsistency.Bounded, bound, null);
        Assert.True(follower.Node.GetAsync(query, CancellationToken.None).IsCompletedSuccessfully);

        cluster.Network.Isolate(follower.Id, cluster.Nodes.Select(node => node.Id));
        cluster.Put("apple", "green");
        cluster.RunFor(bound + bound);
        var late = follower.Node.GetAsync(query, CancellationToken.None);
        cluster.RunFor(TimeSpan.FromSeconds(1));
        Assert.False(late.IsCompletedSuccessfully);
        Assert.Equal("red", cluster.Get("apple", ReadConsistency.Stale, follower));
    }

    [Fact]
    public void A_leader_that_is_cut_off_answers_no_linearizable_read_after_its_lease()
    {
        using var cluster = VirtualCluster.Started(6);
        cluster.Put("apple", "red");
        var range = cluster.RangeOf("apple");
        var old = cluster.WaitForLeaderOf(range.Group);
        cluster.Network.Isolate(old.Id, cluster.Nodes.Select(node => node.Id));
        cluster.RunUntil(() => cluster.Nodes.Any(node => node != old && node.Node.Leads(range.Group)), TimeSpan.FromSeconds(10));
        var next = cluster.Nodes.First(node => node != old && node.Node.Leads(range.Group));
        cluster.Run(cluster.Propose(next, range, TestBatch.Put("apple", "green")));
        var read = old.Node.GetAsync(new GetQuery(new RangeRoute(range.Id, range.Epoch), "apple"u8.ToArray(), ReadConsistency.Linearizable, default, null), CancellationToken.None).AsTask();
        cluster.RunFor(TimeSpan.FromSeconds(3));
        Assert.False(read.IsCompletedSuccessfully);
        Assert.Equal("green", cluster.Get("apple", ReadConsistency.Linearizable, next));
    }

    [Fact]
    public void A_stale_epoch_is_refused_with_the_descriptor()
    {
        using var cluster = VirtualCluster.Started(7);
        var range = cluster.RangeOf("apple");
        var leader = cluster.WaitForLeaderOf(range.Group);
        var refused = Assert.Throws<NodeException>(() => cluster.Run(leader.Node.GetAsync(new GetQuery(new RangeRoute(range.Id, range.Epoch + 1), "apple"u8.ToArray(), ReadConsistency.Stale, default, null), CancellationToken.None)));
        Assert.Equal(NodeErrorCode.EpochNotMatch, refused.Error.Code);
        Assert.Equal(range.Epoch, refused.Error.Range!.Epoch);
    }

    [Fact]
    public void A_scan_is_read_in_pages_at_one_revision()
    {
        using var cluster = VirtualCluster.Started(8);
        for (var i = 0; i < 10; i++) cluster.Put($"a{i}", $"{i}");
        var range = cluster.RangeOf("a0");
        var leader = cluster.WaitForLeaderOf(range.Group);
        var query = new ScanQuery(new RangeRoute(range.Id, range.Epoch), "a"u8.ToArray(), "b"u8.ToArray(), 4, 1 << 20, Storage.Engine.ScanContent.KeysAndValues, Storage.Engine.ScanOrder.Ascending, ScanResultKind.Records, ReadConsistency.Linearizable, default, null);
        var first = cluster.Run(leader.Node.ScanAsync(query, CancellationToken.None));
        Assert.Equal((4, true), (first.Values.Count, first.More));
        cluster.Put("a5", "changed");
        var last = first.Values[^1].Key.ToArray().Append((byte)0).ToArray();
        var second = cluster.Run(leader.Node.ScanAsync(query with { Start = last, At = first.Revision, Limit = 100 }, CancellationToken.None));
        Assert.Equal(["4", "5", "6", "7", "8", "9"], second.Values.Select(value => System.Text.Encoding.UTF8.GetString(value.Value.Span)));
        Assert.False(second.More);
        Assert.Equal(10, cluster.Run(leader.Node.ScanAsync(query with { Kind = ScanResultKind.Count }, CancellationToken.None)).Count);
    }
}
