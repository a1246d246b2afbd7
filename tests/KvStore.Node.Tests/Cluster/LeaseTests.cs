using KvStore.Node.Calls;
using KvStore.Node.Commands;
using KvStore.Node.Leases;
using KvStore.Node.StateMachine;
using KvStore.Raft;

namespace KvStore.Node.Tests.Cluster;

/// <summary>Leases on a virtual cluster: deadlines over changes of leaders, restarts and stalls, and keys in several groups.</summary>
public class LeaseTests
{
    private static readonly GroupId Owner = new(1);
    private static readonly GroupId Other = new(2);
    private static readonly TimeSpan ElectionTimeoutMax = TimeSpan.FromMilliseconds(1000);
    /// <summary>What a tick, a gathering of proposals and a commit may take.</summary>
    private static readonly TimeSpan Slack = TimeSpan.FromMilliseconds(150);

    [Fact]
    public void A_lease_of_an_idle_group_ends_on_time_by_itself()
    {
        using var cluster = VirtualCluster.Started(seed: 1);
        var lease = Grant(cluster, TimeSpan.FromSeconds(10));
        var granted = cluster.Clock.Now;
        Put(cluster, Owner, lease);
        RunUntilGone(cluster, Owner);
        Assert.InRange(cluster.Clock.Now - granted, TimeSpan.FromSeconds(10) - Slack, TimeSpan.FromSeconds(10) + Slack);
    }

    /// <summary>A quarter of the leaders go just when the deadline comes; the others before it, some of them twice.</summary>
    [Fact]
    public void Over_100_changes_of_leaders_no_lease_ends_early_and_none_more_than_an_election_timeout_late()
    {
        var timeToLive = TimeSpan.FromSeconds(3);
        using var cluster = VirtualCluster.Started(seed: 11);
        var (changes, worst) = (0, TimeSpan.Zero);
        while (changes < 100)
        {
            var before = cluster.Clock.Now;
            var lease = Grant(cluster, timeToLive);
            var granted = cluster.Clock.Now;
            Put(cluster, Owner, lease);
            for (var more = 1 + cluster.Random.Next(2); more > 0; more--)
            {
                cluster.RunFor(changes % 4 == 0 ? before + timeToLive - cluster.Clock.Now : TimeSpan.FromMilliseconds(cluster.Random.Next(400)));
                ChangeLeader(cluster, changes++);
                if (changes % 4 == 1) break;
                Assert.True(cluster.Clock.Now - before >= timeToLive || IsThere(cluster, Owner) is not false, $"after change {changes} the lease ended early");
            }
            RunUntilGone(cluster, Owner);
            Assert.True(cluster.Clock.Now - before >= timeToLive, $"change {changes}: ended {before + timeToLive - cluster.Clock.Now} early");
            worst = cluster.Clock.Now - granted - timeToLive is var late && late > worst ? late : worst;
            Heal(cluster);
        }
        Assert.InRange(worst, TimeSpan.Zero, ElectionTimeoutMax + Slack);
    }

    [Fact]
    public void An_old_leader_that_stood_still_revokes_nothing_when_it_goes_on()
    {
        using var cluster = VirtualCluster.Started(seed: 2);
        var lease = Grant(cluster, TimeSpan.FromSeconds(4));
        Put(cluster, Owner, lease);
        var old = cluster.WaitForLeaderOf(Owner);
        old.Freeze(TimeSpan.FromSeconds(10));
        cluster.RunUntil(() => cluster.Up.Any(node => node != old && node.Node.Leads(Owner)), TimeSpan.FromSeconds(3));
        var next = cluster.Up.Single(node => node != old && node.Node.Leads(Owner));
        for (var i = 0; i < 12; i++)
        {
            Assert.True(Call(cluster, next, Owner, KeepAlive(lease)).Flag);
            cluster.RunFor(TimeSpan.FromSeconds(1));
        }
        // It has woken, and thought for a moment that it still led and that the deadline was long past.
        Assert.False(old.IsFrozen);
        Assert.Equal("v", cluster.Get(KeyOf(cluster, Owner)));
        Assert.True(Call(cluster, next, Owner, KeepAlive(lease)).Flag);
        cluster.WaitUntilConverged(Owner);
    }

    [Fact]
    public void Time_goes_on_in_an_idle_group_though_each_node_is_restarted()
    {
        using var cluster = VirtualCluster.Started(seed: 3);
        var lease = Grant(cluster, TimeSpan.FromSeconds(60));
        var granted = cluster.Clock.Now;
        Put(cluster, Owner, lease);
        foreach (var node in cluster.Nodes)
        {
            cluster.RunFor(TimeSpan.FromSeconds(15));
            node.Crash();
            node.Start();
            cluster.WaitUntilReady();
        }
        RunUntilGone(cluster, Owner);
        // A node counts nothing for the time in which it was down, but the others tell it.
        Assert.InRange(cluster.Clock.Now - granted, TimeSpan.FromSeconds(60) - Slack, TimeSpan.FromSeconds(60) + ElectionTimeoutMax);
    }

    [Fact]
    public void A_vote_of_a_node_that_was_cut_off_with_a_fast_clock_ends_nothing_early()
    {
        using var cluster = VirtualCluster.Started(seed: 9);
        cluster.WaitUntilConverged(Owner);
        var leader = cluster.WaitForLeaderOf(Owner);
        var cutOff = cluster.Nodes.Last(node => node != leader);
        var third = cluster.Nodes.Single(node => node != leader && node != cutOff);
        cluster.Network.Isolate(cutOff.Id, [leader.Id, third.Id]);
        cutOff.Clock.SetRate(NodeClock.TrueRate * 2);
        cluster.RunFor(TimeSpan.FromSeconds(20));
        var before = cluster.Clock.Now;
        var lease = Grant(cluster, TimeSpan.FromSeconds(10));
        Put(cluster, Owner, lease);
        cutOff.Clock.SetRate(NodeClock.TrueRate);
        leader.Crash();
        cluster.Network.Mend(cutOff.Id, third.Id);
        cluster.Network.Mend(third.Id, cutOff.Id);
        cluster.RunUntil(() => third.Node.Leads(Owner), TimeSpan.FromSeconds(10));
        RunUntilGone(cluster, Owner);
        Assert.InRange(cluster.Clock.Now - before, TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(10) + ElectionTimeoutMax + Slack);
    }

    [Fact]
    public void When_all_nodes_lose_power_a_lease_ends_later_by_no_more_than_the_outage_and_ten_seconds()
    {
        using var cluster = VirtualCluster.Started(seed: 8);
        var lease = Grant(cluster, TimeSpan.FromSeconds(60));
        var granted = cluster.Clock.Now;
        Put(cluster, Owner, lease);
        cluster.RunFor(TimeSpan.FromSeconds(45));
        foreach (var node in cluster.Nodes) node.Crash();
        foreach (var node in cluster.Nodes) node.Start();
        cluster.WaitUntilReady();
        RunUntilGone(cluster, Owner);
        Assert.InRange(cluster.Clock.Now - granted, TimeSpan.FromSeconds(60) - Slack, TimeSpan.FromSeconds(72));
    }

    [Fact]
    public void Leases_go_along_with_a_snapshot()
    {
        using var cluster = new VirtualCluster(seed: 4);
        foreach (var node in cluster.Nodes)
        {
            node.Configure = options => options with { CheckpointLogBytes = 2 << 10, FollowerLagBytesMax = 4 << 10 };
            node.Start();
        }
        cluster.WaitUntilReady();
        var lease = Grant(cluster, TimeSpan.FromSeconds(30));
        Put(cluster, Owner, lease);
        Put(cluster, Other, lease);
        var behind = cluster.Nodes.First(node => !node.Node.Leads(Owner));
        behind.Crash();
        var (key, far) = (KeyOf(cluster, Owner) + "-filling", KeyOf(cluster, Other) + "-filling");
        for (var i = 0; i < 60; i++)
        {
            cluster.PutUntilAcknowledged(key, new string('x', 200));
            cluster.PutUntilAcknowledged(far, new string('x', 200));
        }
        behind.Start();
        cluster.WaitUntilReady();
        foreach (var group in new[] { Owner, Other }) cluster.WaitUntilConverged(group);
        Assert.All(new[] { Owner, Other }, group => Assert.True(cluster.StatusOf(behind, group).First.Value > 10));
        // What came with the snapshot decides now.
        cluster.RunUntil(() => cluster.WaitForLeaderOf(Owner).Node.TransferLeadership(Owner, behind.Id) || behind.Node.Leads(Owner), TimeSpan.FromSeconds(5));
        cluster.RunUntil(() => behind.Node.Leads(Owner), TimeSpan.FromSeconds(5));
        Assert.Equal("v", cluster.Get(KeyOf(cluster, Owner)));
        RunUntilGone(cluster, Owner);
        RunUntilGone(cluster, Other);
        foreach (var group in new[] { Owner, Other }) cluster.WaitUntilConverged(group);
    }

    [Fact]
    public void Keep_alives_that_come_together_travel_in_one_entry_and_are_answered_each_by_itself()
    {
        using var cluster = VirtualCluster.Started(seed: 5);
        var leases = Enumerable.Range(0, 20).Select(_ => Grant(cluster, TimeSpan.FromSeconds(5))).ToList();
        Call(cluster, cluster.Nodes[0], Owner, new GroupCommand { RevokeLease = new RevokeLease { Lease = leases[7].Value } });
        cluster.WaitUntilConverged(Owner);
        var leader = cluster.WaitForLeaderOf(Owner);
        var before = cluster.StatusOf(leader, Owner).Last.Value;
        var answers = leases.Select(lease => Begin(cluster, cluster.Nodes[(int)(lease.Value % 3)], Owner, KeepAlive(lease))).ToList();
        var flags = answers.Select(answer => cluster.Run(answer).Flag).ToList();
        Assert.Equal(leases.Select(lease => lease != leases[7]), flags);
        Assert.InRange(cluster.StatusOf(leader, Owner).Last.Value - before, 1UL, 2UL);
    }

    [Fact]
    public void A_keep_alive_after_the_deadline_fails_at_once_at_every_node()
    {
        using var cluster = VirtualCluster.Started(seed: 6);
        var lease = Grant(cluster, TimeSpan.FromSeconds(2));
        cluster.RunFor(TimeSpan.FromSeconds(2) + Slack);
        foreach (var node in cluster.Nodes) Assert.False(Call(cluster, node, Owner, KeepAlive(lease)).Flag);
    }

    [Fact]
    public void An_unknown_lease_of_another_group_leaves_nothing_behind()
    {
        using var cluster = VirtualCluster.Started(seed: 7);
        Assert.Equal(CommandStatus.LeaseNotFound, Put(cluster, Other, LeaseId.Given(Owner, 77)));
        Assert.Equal(CommandStatus.LeaseNotFound, Put(cluster, Other, LeaseId.Given(new GroupId(99), 1)));
        Assert.Equal(CommandStatus.LeaseNotFound, Put(cluster, Other, new LeaseId(5)));
        cluster.RunUntil(() => Known(cluster, Other, LeaseId.Given(Owner, 77)) is null, TimeSpan.FromSeconds(5));
    }

    [Theory]
    [InlineData(100)]
    [InlineData(200)]
    [InlineData(300)]
    [InlineData(400)]
    public void The_end_of_a_lease_reaches_every_group_under_crashes_partitions_and_lost_frames(ulong first)
    {
        for (var seed = first; seed < first + 5; seed++) EndUnderFaults(seed);
    }

    private static void EndUnderFaults(ulong seed)
    {
        using var cluster = VirtualCluster.Started(seed);
        var leases = Enumerable.Range(0, 3).Select(_ => Grant(cluster, TimeSpan.FromSeconds(2 + cluster.Random.Next(3)))).ToList();
        var keys = new List<string>();
        foreach (var lease in leases)
            foreach (var group in new[] { Owner, Other })
                for (var i = 0; i < 3; i++)
                {
                    var key = $"{KeyOf(cluster, group)}-{lease}-{i}";
                    keys.Add(key);
                    Put(cluster, key, lease);
                }
        cluster.Network.Filter = (_, _, _) => !cluster.Random.Chance(5);
        for (var i = 0; i < 6; i++)
        {
            ChangeLeader(cluster, i + (int)seed);
            cluster.RunFor(TimeSpan.FromMilliseconds(cluster.Random.Next(1200)));
            if (cluster.Random.Chance(60)) Heal(cluster);
        }
        cluster.Network.Filter = null;
        Heal(cluster);
        cluster.RunUntil(() => keys.All(key => StaleGet(cluster, key) is null), TimeSpan.FromSeconds(30), () => $"left: {string.Join(", ", keys.Where(key => StaleGet(cluster, key) is not null))}");
        foreach (var group in new[] { Owner, Other })
        {
            cluster.RunUntil(() => leases.All(lease => Known(cluster, group, lease) is null), TimeSpan.FromSeconds(30), () => $"group {group} still knows a lease");
            cluster.WaitUntilConverged(group);
        }
    }

    private static void ChangeLeader(VirtualCluster cluster, int kind)
    {
        if (cluster.LeaderOf(Owner) is not { } leader) return;
        switch (kind % 4)
        {
            case 0 or 1: // The one that comes at the deadline, too.
                leader.Crash();
                break;
            case 2:
                cluster.Network.Isolate(leader.Id, cluster.Nodes.Select(other => other.Id));
                break;
            default:
                leader.Node.TransferLeadership(Owner, cluster.Nodes.First(node => node != leader).Id);
                break;
        }
        var gone = leader;
        cluster.RunUntil(() => cluster.Up.Any(node => node != gone && node.Node.Leads(Owner)) || (kind % 4 == 3 && leader.Node.Leads(Owner)), TimeSpan.FromSeconds(10));
        Heal(cluster);
    }

    private static void Heal(VirtualCluster cluster)
    {
        cluster.Network.Heal();
        foreach (var node in cluster.Nodes)
            if (!node.IsUp) node.Start();
    }

    private static string KeyOf(VirtualCluster cluster, GroupId group) => new[] { "a", "h", "o", "u" }.First(key => cluster.RangeOf(key).Group == group);

    private static LeaseId Grant(VirtualCluster cluster, TimeSpan timeToLive) =>
        new((ulong)Call(cluster, cluster.Up.First(), Owner, new GroupCommand { GrantLease = new GrantLease { TimeToLiveUs = (ulong)timeToLive.TotalMicroseconds } }).Number);

    private static GroupCommand KeepAlive(LeaseId lease) => new() { KeepLeasesAlive = new KeepLeasesAlive { Leases = { lease.Value } } };

    private static CommandStatus Put(VirtualCluster cluster, GroupId group, LeaseId lease) => Put(cluster, KeyOf(cluster, group), lease);

    private static CommandStatus Put(VirtualCluster cluster, string key, LeaseId lease)
    {
        var range = cluster.RangeOf(key);
        var command = new Command { Put = new Put { Key = Google.Protobuf.ByteString.CopyFromUtf8(key), Value = Google.Protobuf.ByteString.CopyFromUtf8("v"), Lease = lease.Value } };
        return cluster.Run(cluster.Propose(cluster.WaitForLeaderOf(range.Group), range, command))[0].Status;
    }

    /// <summary>At the leader; null without one that has applied all that it has.</summary>
    private static bool? IsThere(VirtualCluster cluster, GroupId group) =>
        cluster.LeaderOf(group) is { } leader && cluster.StatusOf(leader, group) is var status && status.Applied == status.Last ? cluster.Get(KeyOf(cluster, group), ReadConsistency.Stale, leader) is not null : null;

    private static void RunUntilGone(VirtualCluster cluster, GroupId group) => cluster.RunUntil(() => IsThere(cluster, group) is false, TimeSpan.FromSeconds(90));

    private static string? StaleGet(VirtualCluster cluster, string key) => cluster.LeaderOf(cluster.RangeOf(key).Group) is { } leader ? cluster.Get(key, ReadConsistency.Stale, leader) : "no leader";

    /// <summary>What the group's leader knows; something while there is none.</summary>
    private static object? Known(VirtualCluster cluster, GroupId group, LeaseId lease)
    {
        try
        {
            return cluster.LeaderOf(group) is { } leader ? cluster.Run(leader.Node.FindLeaseAsync(group, lease, 0, CancellationToken.None)) : group;
        }
        catch (NodeException)
        {
            return group;
        }
    }

    private static Task<CommandResult> Begin(VirtualCluster cluster, VirtualNode node, GroupId group, GroupCommand command)
    {
        var done = new TaskCompletionSource<CommandResult>();
        node.Node.Propose(group, command, cluster.SoonEnough, CallRetry.UntilAnswered, (_, result, error) =>
        {
            if (error is null) done.SetResult(result);
            else done.SetException(new NodeException(error));
        });
        return done.Task;
    }

    private static CommandResult Call(VirtualCluster cluster, VirtualNode node, GroupId group, GroupCommand command) => cluster.Run(Begin(cluster, node, group, command));
}
