using KvStore.Node.Calls;
using KvStore.Node.Commands;
using KvStore.Node.Leases;
using KvStore.Node.StateMachine;
using KvStore.Raft;

namespace KvStore.Node.Tests.Cluster;

/// <summary>Leases on a virtual cluster: deadlines over changes of leaders, restarts and partitions.</summary>
public class LeaseTests
{
    private static readonly GroupId Group = new(1);
    private static readonly TimeSpan TimeToLive = TimeSpan.FromSeconds(10);

    [Fact]
    public void A_lease_of_an_idle_group_ends_on_time_by_itself()
    {
        using var cluster = VirtualCluster.Started(seed: 1);
        var lease = Grant(cluster, TimeToLive);
        var granted = cluster.Clock.Now;
        Assert.Equal(CommandStatus.Ok, Put(cluster, KeyOf(cluster, Group), lease));
        cluster.RunUntil(() => cluster.Get(KeyOf(cluster, Group), ReadConsistency.Stale, cluster.WaitForLeaderOf(Group)) is null, TimeSpan.FromSeconds(20));
        Assert.InRange(cluster.Clock.Now - granted, TimeToLive - TimeSpan.FromMilliseconds(100), TimeToLive + TimeSpan.FromMilliseconds(200));
    }

    private static string KeyOf(VirtualCluster cluster, GroupId group) => new[] { "a", "h", "o", "u" }.First(key => cluster.RangeOf(key).Group == group);

    private static LeaseId Grant(VirtualCluster cluster, TimeSpan timeToLive) =>
        new((ulong)Call(cluster, Group, new GroupCommand { GrantLease = new GrantLease { TimeToLiveUs = (ulong)timeToLive.TotalMicroseconds } }).Number);

    private static CommandStatus Put(VirtualCluster cluster, string key, LeaseId lease)
    {
        var range = cluster.RangeOf(key);
        var command = new Command { Put = new Put { Key = Google.Protobuf.ByteString.CopyFromUtf8(key), Value = Google.Protobuf.ByteString.CopyFromUtf8("v"), Lease = lease.Value } };
        return cluster.Run(cluster.Propose(cluster.WaitForLeaderOf(range.Group), range, command))[0].Status;
    }

    private static CommandResult Call(VirtualCluster cluster, GroupId group, GroupCommand command)
    {
        var done = new TaskCompletionSource<CommandResult>();
        cluster.Up.First().Node.Propose(group, command, cluster.SoonEnough, CallRetry.UntilAnswered, (_, result, error) =>
        {
            if (error is null) done.SetResult(result);
            else done.SetException(new NodeException(error));
        });
        return cluster.Run(done.Task);
    }
}
