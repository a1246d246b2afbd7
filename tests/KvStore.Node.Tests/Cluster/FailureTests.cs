using KvStore.Raft;

namespace KvStore.Node.Tests.Cluster;

public class FailureTests
{
    [Fact]
    public void Another_leader_takes_over_and_the_old_one_comes_back()
    {
        using var cluster = VirtualCluster.Started(1);
        cluster.Put("apple", "red");
        var group = cluster.RangeOf("apple").Group;
        var old = cluster.WaitForLeaderOf(group);
        old.Crash();
        cluster.PutUntilAcknowledged("apple", "green");
        Assert.Equal("green", cluster.Get("apple"));
        old.Start();
        cluster.WaitUntilReady();
        cluster.WaitUntilConverged(group);
        Assert.Equal("green", cluster.Get("apple", ReadConsistency.Stale, old));
    }

    [Fact]
    public void A_restarted_node_is_ready_when_it_has_caught_up()
    {
        using var cluster = VirtualCluster.Started(3);
        var late = cluster.Nodes[2];
        late.Kill();
        cluster.PutUntilAcknowledged("apple", "red");
        var group = cluster.RangeOf("apple").Group;
        cluster.Network.Filter = (_, to, frame) => to != late.Id || !frame.Messages.Any(message => message.GroupId == group.Value && message.Kind == (uint)MessageKind.AppendEntries);
        late.Start();
        cluster.RunFor(TimeSpan.FromSeconds(10));
        Assert.Equal($"the replica of group {group} is catching up", late.Node.NotReadyReason);
        cluster.Network.Filter = null;
        cluster.WaitUntilReady();
        Assert.Equal("red", cluster.Get("apple", ReadConsistency.Stale, late));
    }

    [Fact]
    public void No_acknowledged_write_is_lost_when_all_nodes_lose_power()
    {
        using var cluster = VirtualCluster.Started(2);
        for (var round = 0; round < 5; round++)
        {
            for (var i = 0; i < 20; i++) cluster.PutUntilAcknowledged($"{(char)('a' + i)}{round}", $"{i}");
            foreach (var node in cluster.Nodes) node.Crash();
            foreach (var node in cluster.Nodes) node.Start();
            cluster.WaitUntilReady();
            for (var before = 0; before <= round; before++)
                for (var i = 0; i < 20; i++) Assert.Equal($"{i}", cluster.Get($"{(char)('a' + i)}{before}", ReadConsistency.Quorum));
        }
    }

    [Fact]
    public void Leadership_is_transferred_on_request()
    {
        using var cluster = VirtualCluster.Started(3);
        var group = cluster.RangeOf("apple").Group;
        cluster.Put("apple", "red");
        var old = cluster.WaitForLeaderOf(group);
        var target = cluster.Nodes.First(node => node != old);
        Assert.False(target.Node.TransferLeadership(group, old.Id));
        Assert.True(old.Node.TransferLeadership(group, target.Id));
        cluster.RunUntil(() => target.Node.Leads(group) && !old.Node.Leads(group), TimeSpan.FromSeconds(5));
        cluster.Put("apple", "green");
        Assert.Equal("green", cluster.Get("apple"));
    }

    [Fact]
    public void A_graceful_stop_hands_over_and_loses_no_answer()
    {
        using var cluster = VirtualCluster.Started(4);
        var range = cluster.RangeOf("apple");
        var old = cluster.WaitForLeaderOf(range.Group);
        var writes = Enumerable.Range(0, 10).Select(i => cluster.Propose(old, range, TestBatch.Put("apple", $"{i}"))).ToArray();
        cluster.Run(old.Node.StopAsync(TimeSpan.FromSeconds(10)));
        Assert.All(writes, write => Assert.True(write.IsCompletedSuccessfully));
        var refused = cluster.Propose(old, range, TestBatch.Put("apple", "late"));
        Assert.Equal(NodeErrorCode.Unavailable, Assert.Throws<NodeException>(() => cluster.Run(refused)).Error.Code);
        old.Stopped();
        cluster.RunUntil(() => cluster.LeaderOf(range.Group) is not null, TimeSpan.FromMilliseconds(300));
        Assert.Equal("9", cluster.Get("apple"));
        old.Start();
        cluster.WaitUntilReady();
    }

    [Fact]
    public void Writes_of_a_leader_that_is_cut_off_end_with_an_unknown_outcome()
    {
        using var cluster = VirtualCluster.Started(5);
        var range = cluster.RangeOf("apple");
        cluster.Put("apple", "red");
        var old = cluster.WaitForLeaderOf(range.Group);
        cluster.Network.Isolate(old.Id, cluster.Nodes.Select(node => node.Id));
        var lost = cluster.Propose(old, range, TestBatch.Put("apple", "lost"));
        Assert.True(Assert.Throws<NodeException>(() => cluster.Run(lost)).Error.OutcomeUnknown);
        cluster.RunUntil(() => !old.Node.Leads(range.Group) && cluster.LeaderOf(range.Group) is not null, TimeSpan.FromSeconds(10));
        cluster.PutUntilAcknowledged("apple", "green");
        cluster.Network.Heal();
        cluster.WaitUntilConverged(range.Group);
        Assert.Equal("green", cluster.Get("apple"));
        Assert.Equal("green", cluster.Get("apple", ReadConsistency.Stale, old));
    }

    [Fact]
    public void A_retry_after_a_leader_change_applies_once()
    {
        using var cluster = VirtualCluster.Started(6);
        var range = cluster.RangeOf("apple");
        var session = (cluster.OpenSession(range.Group), range.Group);
        for (ulong sequence = 1; sequence <= 10; sequence++)
        {
            var leader = cluster.WaitForLeaderOf(range.Group);
            var command = TestBatch.Increment("apple", sequence);
            var first = TestBatch.Of(range, cluster.SoonEnough, session, command);
            leader.Node.Propose(first);
            cluster.RunFor(TimeSpan.FromMicroseconds(cluster.Random.Next(3000)));
            leader.Crash();
            leader.Start();
            CommandResultOf(cluster, range, session, command, (long)sequence);
        }
        Assert.Equal("10", cluster.Get("apple"));
    }

    private static void CommandResultOf(VirtualCluster cluster, KvStore.Node.Placement.RangeDescriptor range, (LogIndex, GroupId) session, KvStore.Node.Commands.Command command, long expected)
    {
        for (var attempt = 0; ; attempt++)
        {
            try
            {
                var retry = TestBatch.Of(range, cluster.SoonEnough, session, command);
                cluster.WaitForLeaderOf(range.Group).Node.Propose(retry);
                Assert.Equal(expected, cluster.Run(retry.Done)[0].Number);
                return;
            }
            catch (NodeException) when (attempt < 50)
            {
                cluster.RunFor(TimeSpan.FromMilliseconds(100));
            }
        }
    }

    [Fact]
    public void A_disk_that_fails_stops_the_node_and_the_others_go_on()
    {
        using var cluster = VirtualCluster.Started(7);
        var range = cluster.RangeOf("apple");
        var leader = cluster.WaitForLeaderOf(range.Group);
        var failures = new List<Exception>();
        leader.Node.Failed += failures.Add;
        leader.Disk.FailSyncs = true;
        var write = cluster.Propose(leader, range, TestBatch.Put("apple", "red"));
        Assert.Equal(NodeErrorCode.Unavailable, Assert.Throws<NodeException>(() => cluster.Run(write)).Error.Code);
        Assert.Same(Assert.Single(failures), leader.Node.Failure);
        Assert.Contains("stopped", leader.Node.NotReadyReason, StringComparison.Ordinal);
        leader.Crash();
        cluster.PutUntilAcknowledged("apple", "green");
        Assert.Equal("green", cluster.Get("apple"));
    }

    [Fact]
    public void A_full_disk_refuses_writes_and_reads_go_on()
    {
        using var cluster = VirtualCluster.Started(8);
        cluster.Put("apple", "red");
        var range = cluster.RangeOf("apple");
        var leader = cluster.WaitForLeaderOf(range.Group);
        leader.Disk.CapacityBytes = leader.Disk.UsedBytes + 1000;
        cluster.PutUntilAcknowledged("apple", "red");
        cluster.RunFor(TimeSpan.FromSeconds(2));
        if (!leader.Node.Leads(range.Group)) return;
        var refused = cluster.Propose(leader, range, TestBatch.Put("apple", "green"));
        Assert.Equal(NodeErrorCode.ResourceExhausted, Assert.Throws<NodeException>(() => cluster.Run(refused)).Error.Code);
        Assert.Equal("red", cluster.Get("apple", at: leader));
        leader.Disk.CapacityBytes = 1L << 40;
        cluster.RunFor(TimeSpan.FromSeconds(2));
        cluster.Put("apple", "green");
    }

    [Fact]
    public void A_full_queue_refuses_at_once()
    {
        using var cluster = new VirtualCluster(9);
        foreach (var node in cluster.Nodes)
        {
            node.Configure = options => options with { QueueBytesMax = 1000 };
            node.Start();
        }
        cluster.WaitUntilReady();
        var range = cluster.RangeOf("apple");
        var leader = cluster.WaitForLeaderOf(range.Group);
        var writes = Enumerable.Range(0, 20).Select(i => cluster.Propose(leader, range, TestBatch.Put("apple", new string('x', 100)))).ToArray();
        var refused = writes.Where(write => write.IsFaulted).ToArray();
        Assert.InRange(refused.Length, 1, 19);
        Assert.All(refused, write => Assert.Equal(NodeErrorCode.ResourceExhausted, Assert.IsType<NodeException>(write.Exception!.InnerException).Error.Code));
        foreach (var write in writes.Except(refused)) cluster.Run(write);
    }

    [Fact]
    public void A_write_whose_deadline_has_passed_is_not_proposed()
    {
        using var cluster = VirtualCluster.Started(10);
        var range = cluster.RangeOf("apple");
        var leader = cluster.WaitForLeaderOf(range.Group);
        var batch = TestBatch.Of(range, new MonotonicTime(cluster.Clock.Now.Nanoseconds - 1), null, TestBatch.Put("apple", "late"));
        leader.Node.Propose(batch);
        var error = Assert.Throws<NodeException>(() => cluster.Run(batch.Done)).Error;
        Assert.Equal((NodeErrorCode.DeadlineExceeded, false), (error.Code, error.OutcomeUnknown));
        Assert.Null(cluster.Get("apple"));
    }
}
