using KvStore.Node.Commands;
using KvStore.Node.State;
using KvStore.Node.StateMachine;
using static KvStore.Node.Tests.StateMachine.GroupHarness;

namespace KvStore.Node.Tests.StateMachine.Transactions;

public sealed class TransactionSessionTests
{
    private static Command PutOnce() => Txn.Command(Txn.If(Txn.Exists("a/1", false), [Txn.Put("a/1", "x"), Txn.Get("a/1")], [Txn.Get("a/1")]));

    [Fact]
    public void A_repeated_transaction_gives_the_first_result()
    {
        using var group = WithRange(out var session);
        var first = group.Apply(session, 1, PutOnce());
        group.Apply(Put("a/1", "changed since"));
        var again = group.Apply(session, 1, PutOnce());
        Assert.Equal("put; a/1=x@1", again.Response().Texts());
        Assert.Equal((first.Revision, first.Flag), (again.Revision, again.Flag));
        Assert.Equal("changed since", group.Get("a/1"));
    }

    [Fact]
    public void So_does_one_that_was_refused()
    {
        using var group = WithRange(out var session);
        var keep = new TransactionOperation { Put = new TransactionPut { Key = Bytes("a/1"), KeepValue = true } };
        var first = group.Apply(session, 1, Txn.Command(Txn.Of(keep)));
        group.Apply(Put("a/1", "there now"));
        var again = group.Apply(session, 1, Txn.Command(Txn.Of(keep)));
        Assert.Equal((CommandStatus.FailedPrecondition, first.Refusal()), (again.Status, again.Refusal()));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void The_result_outlives_a_crash(bool checkpoint)
    {
        using var group = WithRange(out var session);
        group.Apply(session, 1, PutOnce());
        if (checkpoint) group.Checkpoint();
        group.CrashAndRecover();
        group.Apply(Put("a/1", "changed since"));
        Assert.Equal("put; a/1=x@1", group.Apply(session, 1, PutOnce()).Response().Texts());
    }

    [Fact]
    public void A_result_that_takes_no_bytes_is_one_after_a_crash_too()
    {
        using var group = WithRange(out var session);
        using var twin = WithRange(out _);
        var nothing = new Transaction { Compares = { Txn.Exists("a/1") } };
        foreach (var each in (GroupHarness[])[group, twin])
        {
            Assert.Empty(each.Apply(session, 1, Txn.Command(nothing)).Response!);
            each.Checkpoint();
        }
        group.CrashAndRecover();
        Assert.False(group.Apply(session, 1, Txn.Command(nothing)).Response().Succeeded);
        twin.Apply(session, 1, Txn.Command(nothing));
        Assert.Equal(twin.Machine.Hash, group.Machine.Hash);
    }

    [Fact]
    public void The_result_is_in_the_state_that_snapshots_carry_and_counts_for_the_tables_limit()
    {
        using var group = WithRange(out var session);
        group.Apply(session, 1, PutOnce());
        var kept = group.Machine.CaptureState().Sessions.Single().Results.Single();
        Assert.Equal("put; a/1=x@1", TransactionResponse.Parser.ParseFrom(kept.Response).Texts());
        var read = StoredAnswer.FromRecord(StoredResult.Parser.ParseFrom(Google.Protobuf.MessageExtensions.ToByteArray(kept)));
        Assert.Equal(kept.Response.Length, read.Result.ContentBytes);
        Assert.Equal(kept, read.ToRecord());
    }

    [Fact]
    public void Kept_results_that_pass_the_limit_end_the_least_recently_used_session_whole()
    {
        using var group = WithRange(out _);
        var old = group.OpenSession(1000, bytesMax: 3 << 20);
        group.Apply(Put("a/1", new string('v', 1 << 20)));
        group.Apply(old, 1, Txn.Command(Txn.Of(Txn.Get("a/1"))));
        group.Apply(old, 2, Txn.Command(Txn.Of(Txn.Get("a/1"))));
        var young = group.OpenSession(1000);
        group.Apply(young, 1, Txn.Command(Txn.Of(Txn.Get("a/1"))));
        Assert.Equal(CommandStatus.SessionExpired, group.Apply(old, 1, Txn.Command(Txn.Of(Txn.Get("a/1")))).Status);
        Assert.Equal(CommandStatus.Ok, group.Apply(young, 2, Txn.Command(Txn.Of(Txn.Get("a/1")))).Status);
    }
}
