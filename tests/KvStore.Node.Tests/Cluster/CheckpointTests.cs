using KvStore.Node.Replicas;
using KvStore.Raft;

namespace KvStore.Node.Tests.Cluster;

public class CheckpointTests
{
    private static VirtualCluster StartedSmall(ulong seed)
    {
        var cluster = new VirtualCluster(seed);
        foreach (var node in cluster.Nodes)
        {
            node.Configure = options => options with { CheckpointLogBytes = 8 << 10, FollowerLagBytesMax = 32 << 10 };
            node.Start();
        }
        cluster.WaitUntilReady();
        return cluster;
    }

    private static void Fill(VirtualCluster cluster, int keys, int bytes, string mark)
    {
        var range = cluster.RangeOf("a");
        var leader = cluster.WaitForLeaderOf(range.Group);
        for (var i = 0; i < keys; i += 10)
        {
            var puts = Enumerable.Range(i, 10).Select(k => TestBatch.Put($"a{k}", mark + new string('x', bytes))).ToArray();
            cluster.Run(cluster.Propose(leader, range, puts));
        }
    }

    [Fact]
    public void The_log_is_compacted_behind_a_checkpoint_and_a_restart_goes_on_from_it()
    {
        using var cluster = StartedSmall(1);
        var group = cluster.RangeOf("a").Group;
        Fill(cluster, 100, 1000, "one");
        cluster.RunUntil(() => cluster.Nodes.All(node => cluster.StatusOf(node, group).First > new LogIndex(5)), TimeSpan.FromSeconds(10));
        Fill(cluster, 50, 1000, "two");
        foreach (var node in cluster.Nodes) node.Crash();
        foreach (var node in cluster.Nodes) node.Start();
        Assert.All(cluster.Nodes, node => Assert.True(cluster.StatusOf(node, group).First > new LogIndex(5)));
        cluster.WaitUntilReady();
        cluster.WaitUntilConverged(group);
        for (var i = 0; i < 100; i++) Assert.StartsWith(i < 50 ? "two" : "one", cluster.Get($"a{i}"), StringComparison.Ordinal);
    }

    [Fact]
    public void A_follower_that_is_far_behind_gets_a_snapshot()
    {
        using var cluster = StartedSmall(2);
        var group = cluster.RangeOf("a").Group;
        var follower = cluster.Nodes.First(node => node != cluster.WaitForLeaderOf(group));
        Fill(cluster, 10, 10, "zero");
        follower.Crash();
        Fill(cluster, 300, 4000, "one");
        var chunks = 0;
        cluster.Network.Filter = (_, _, frame) =>
        {
            chunks += frame.Chunks.Count;
            return true;
        };
        follower.Start();
        cluster.WaitUntilReady();
        cluster.WaitUntilConverged(group);
        Assert.True(chunks > 3);
        for (var i = 0; i < 300; i++) Assert.StartsWith("one", cluster.Get($"a{i}", ReadConsistency.Stale, follower), StringComparison.Ordinal);
        Fill(cluster, 10, 10, "two");
        cluster.WaitUntilConverged(group);
        follower.Crash();
        follower.Start();
        cluster.WaitUntilReady();
        cluster.WaitUntilConverged(group);
        for (var i = 0; i < 300; i++) Assert.StartsWith(i < 10 ? "two" : "one", cluster.Get($"a{i}", ReadConsistency.Stale, follower), StringComparison.Ordinal);
    }

    [Fact]
    public void A_snapshot_arrives_whole_though_chunks_are_lost_and_damaged()
    {
        using var cluster = StartedSmall(3);
        var group = cluster.RangeOf("a").Group;
        var follower = cluster.Nodes.First(node => node != cluster.WaitForLeaderOf(group));
        follower.Crash();
        Fill(cluster, 300, 4000, "one");
        var (lost, damaged) = (0, 0);
        cluster.Network.Filter = (_, _, frame) =>
        {
            if (frame.Chunks.Count + frame.Acknowledgements.Count == 0) return true;
            if (lost == 0 || cluster.Random.Chance(20)) return ++lost < 0;
            if (frame.Chunks.Count > 0 && frame.Chunks[0].Records.Count > 0 && (damaged == 0 || cluster.Random.Chance(20)))
            {
                damaged++;
                frame.Chunks[0].Records[0].Revision ^= 1;
            }
            return true;
        };
        follower.Start();
        cluster.WaitUntilReady();
        cluster.WaitUntilConverged(group);
        Assert.True(lost > 0 && damaged > 0);
        for (var i = 0; i < 300; i++) Assert.StartsWith("one", cluster.Get($"a{i}", ReadConsistency.Stale, follower), StringComparison.Ordinal);
    }

    [Fact]
    public void A_leader_that_heard_nothing_of_an_installation_does_not_send_the_snapshot_for_ever()
    {
        using var cluster = StartedSmall(6);
        var group = cluster.RangeOf("a").Group;
        var leader = cluster.WaitForLeaderOf(group);
        var follower = cluster.Nodes.First(node => node != leader);
        follower.Crash();
        Fill(cluster, 100, 1000, "one");
        cluster.RunUntil(() => cluster.StatusOf(leader, group).First > new LogIndex(5), TimeSpan.FromSeconds(10));
        cluster.Network.Filter = (from, _, frame) =>
            from != follower.Id || (frame.Acknowledgements.All(answer => answer.Failed) && frame.Messages.All(message => message.GroupId != group.Value || message.Reject || (MessageKind)message.Kind != MessageKind.AppendEntriesResponse));
        follower.Start();
        cluster.RunUntil(() => cluster.StatusOf(follower, group).Applied == cluster.StatusOf(leader, group).Applied, TimeSpan.FromSeconds(10));
        cluster.RunFor(TimeSpan.FromMilliseconds(100));
        var sent = 0;
        cluster.Network.Filter = (_, _, frame) =>
        {
            sent += frame.Chunks.Count(chunk => chunk.Number == 0);
            return true;
        };
        cluster.RunFor(TimeSpan.FromSeconds(5));
        Assert.InRange(sent, 1, 3);
    }

    [Fact]
    public void Power_lost_anywhere_in_the_install_of_a_snapshot_does_no_harm()
    {
        using var cluster = StartedSmall(4);
        var group = cluster.RangeOf("a").Group;
        var follower = cluster.Nodes.First(node => node != cluster.WaitForLeaderOf(group));
        for (var round = 0; round < 20; round++)
        {
            follower.Crash();
            Fill(cluster, 100, 1000, $"{round}");
            follower.Start();
            follower.Disk.StopAtOperation = follower.Disk.OperationCount + 1 + cluster.Random.Next(40);
            cluster.RunFor(TimeSpan.FromSeconds(3));
            follower.Crash();
            follower.Start();
            cluster.WaitUntilReady();
            cluster.WaitUntilConverged(group);
            for (var i = 0; i < 100; i++) Assert.StartsWith($"{round}x", cluster.Get($"a{i}", ReadConsistency.Stale, follower), StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_checkpoint_may_be_done_before_the_loop_knows_what_it_covers_was_applied()
    {
        using var cluster = new VirtualCluster(7, nodes: 1) { Observe = static _ => new CheckpointsAtOnce() };
        cluster.Nodes[0].Start();
        cluster.WaitUntilReady();
        for (var i = 0; i < 20; i++) cluster.Put("a", $"{i}");
        var group = cluster.RangeOf("a").Group;
        cluster.RunUntil(() => cluster.StatusOf(cluster.Nodes[0], group) is var status && status.First == status.Applied.Next, TimeSpan.FromSeconds(1));
        Assert.Equal("19", cluster.Get("a"));
    }

    /// <summary>Says of each entry, before the turn that applied it has ended, that two checkpoints cover it: the log is kept since the one before.</summary>
    private sealed class CheckpointsAtOnce : IReplicaObserver
    {
        public void Applied(GroupReplica replica, Entry entry, ulong hash)
        {
            for (var i = 0; i < 2; i++) replica.Loop.Post(new LoopInput(LoopInputKind.Checkpointed, replica, Number: entry.Index.Value));
        }

        public void Started(GroupReplica replica, RaftStart start) { }
        public void Logged(GroupReplica replica, IReadOnlyList<Entry> entries) { }
        public void Reset(GroupReplica replica, LogIndex index, Term term) { }
        public void Switched(GroupReplica replica, LogIndex applied, ulong hash) { }
    }

    [Fact]
    public void History_is_compacted_by_age_and_by_number()
    {
        using var cluster = new VirtualCluster(5, nodes: 1);
        cluster.Nodes[0].Configure = options => options with { HistoryKept = TimeSpan.FromSeconds(60), HistoryRevisionsKept = 100 };
        cluster.Nodes[0].Start();
        cluster.WaitUntilReady();
        var range = cluster.RangeOf("a");
        ulong CompactRevision() => cluster.Nodes[0].Node.CompactRevisionOf(range.Id)!.Value.Value;
        for (var i = 0; i < 200; i++) cluster.Put("a", $"{i}");
        cluster.RunFor(TimeSpan.FromSeconds(1));
        Assert.InRange(CompactRevision(), 70UL, 110UL);
        for (var i = 0; i < 20; i++) cluster.Put("a", $"{i}");
        cluster.RunFor(TimeSpan.FromSeconds(65));
        Assert.Equal(220UL, CompactRevision());
        Assert.Equal("19", cluster.Get("a"));
    }
}
