using Google.Protobuf;
using KvStore.Node.Commands;
using KvStore.Node.Placement;
using KvStore.Node.StateMachine;
using KvStore.Node.Tests.StateMachine.Transactions;
using KvStore.Raft;

namespace KvStore.Node.Tests.Cluster;

/// <summary>A write whose answer was lost is sent again, to whoever leads then, and gets the answer of its first application.</summary>
public class SessionRetryTests
{
    private const string Key = "a/1";
    private static readonly ByteString KeyBytes = ByteString.CopyFromUtf8(Key);

    public static TheoryData<string, Func<Command>> Writes() => new()
    {
        { "compare and swap", () => new Command { CompareAndSwap = new CompareAndSwap { Key = KeyBytes, Expected = ByteString.CopyFromUtf8("1"), NewValue = ByteString.CopyFromUtf8("2") } } },
        { "increment", () => new Command { Increment = new Increment { Key = KeyBytes, Delta = 5 } } },
        { "transaction", () => Txn.Command(Txn.If(Txn.Value(Key, CompareRelation.Equal, "1"), [Txn.Put(Key, "2"), Txn.Get(Key)], [Txn.Get(Key)])) },
    };

    [Theory]
    [MemberData(nameof(Writes))]
    public void A_retry_at_the_next_leader_and_after_all_lost_power_gives_the_first_result(string what, Func<Command> write)
    {
        using var cluster = VirtualCluster.Started(11);
        cluster.PutUntilAcknowledged(Key, "1");
        var range = cluster.RangeOf(Key);
        var session = cluster.OpenSession(range.Group);
        var first = Send(cluster, range, session, write());
        Assert.True(first.Status == CommandStatus.Ok, what);
        cluster.PutUntilAcknowledged(Key, "1");

        cluster.WaitForLeaderOf(range.Group).Crash();
        AssertSame(first, Send(cluster, range, session, write()));
        foreach (var node in cluster.Nodes.Where(node => node.IsUp)) node.Crash();
        foreach (var node in cluster.Nodes) node.Start();
        cluster.WaitUntilReady();
        AssertSame(first, Send(cluster, range, session, write()));
        Assert.Equal("1", cluster.Get(Key, ReadConsistency.Quorum));
    }

    private static CommandResult Send(VirtualCluster cluster, RangeDescriptor range, LogIndex session, Command command)
    {
        command.Sequence = 1;
        var until = cluster.Clock.Now + TimeSpan.FromSeconds(30);
        while (true)
        {
            var batch = VirtualBatch.Of(range, cluster.SoonEnough, (session, range.Group), command);
            cluster.WaitForLeaderOf(range.Group).Node.Propose(batch);
            try
            {
                return cluster.Run(batch.Done)[0];
            }
            catch (NodeException) when (cluster.Clock.Now < until)
            {
                // The leader is changing; that is what the test is about.
                cluster.RunFor(TimeSpan.FromMilliseconds(50));
            }
        }
    }

    private static void AssertSame(in CommandResult first, in CommandResult again)
    {
        Assert.Equal((first.Status, first.Revision, first.Flag, first.Number), (again.Status, again.Revision, again.Flag, again.Number));
        Assert.Equal(first.Response, again.Response);
    }
}
