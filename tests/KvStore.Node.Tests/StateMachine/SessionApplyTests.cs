using KvStore.Node.Commands;
using KvStore.Node.StateMachine;
using KvStore.Raft;
using static KvStore.Node.Tests.StateMachine.GroupHarness;

namespace KvStore.Node.Tests.StateMachine;

/// <summary>Exactly once: a write that is tried again is answered again and applied once, or refused with an unknown outcome, never applied blindly.</summary>
public sealed class SessionApplyTests : IDisposable
{
    private readonly GroupHarness group;
    private readonly SessionId session;

    public SessionApplyTests() => group = WithRange(out session);

    public void Dispose() => group.Dispose();

    [Fact]
    public void A_repeated_write_has_its_first_result_and_no_second_effect()
    {
        var first = group.Apply(session, 1, Increment("c", 5));
        group.Apply(session, 2, Increment("c", 1));
        Assert.Equal(first, group.Apply(session, 1, Increment("c", 5)));
        Assert.Equal("6", group.Get("c"));
    }

    [Fact]
    public void A_repeated_swap_that_succeeded_does_not_report_a_mismatch()
    {
        var first = group.Apply(session, 1, Swap("k", null, "mine"));
        Assert.Equal((CommandStatus.Ok, true), (first.Status, first.Flag));
        Assert.Equal(first, group.Apply(session, 1, Swap("k", null, "mine")));
    }

    [Fact]
    public void A_repeated_swap_that_failed_reports_what_was_there_then()
    {
        group.Apply(Put("k", "one"));
        var first = group.Apply(session, 1, Swap("k", "zero", "x"));
        group.Apply(Put("k", "zero"));
        Assert.Equal(first, group.Apply(session, 1, Swap("k", "zero", "x")));
        Assert.Equal("zero", group.Get("k"));
    }

    [Fact]
    public void A_write_repeated_within_one_entry_applies_once()
    {
        var twice = Batch(session, 0, Sequenced(1, Increment("c", 1)), Sequenced(1, Increment("c", 1)));
        var results = group.Apply(twice, twice);
        Assert.Single(results.Distinct());
        Assert.Equal("1", group.Get("c"));
    }

    [Fact]
    public void What_the_client_said_it_has_is_never_applied_again()
    {
        group.Apply(session, 1, Increment("c", 1));
        group.Apply(session, 2, Increment("c", 1), lowestAwaited: 2);
        Assert.Equal(CommandStatus.SessionExpired, group.Apply(session, 1, Increment("c", 1)).Status);
        Assert.Equal("2", group.Get("c"));
    }

    [Fact]
    public void A_session_that_is_not_known_applies_nothing()
    {
        Assert.Equal(CommandStatus.SessionExpired, group.Apply(new SessionId(session.Group, 999), 1, Put("k", "x")).Status);
        Assert.Equal(CommandStatus.SessionExpired, group.Apply(new SessionId(new GroupId(9), session.Index), 1, Put("k", "x")).Status);
        Assert.Empty(group.Content());
    }

    [Fact]
    public void Sequence_0_is_a_plain_write()
    {
        group.Apply(session, 0, Increment("c", 1));
        group.Apply(session, 0, Increment("c", 1));
        Assert.Equal("2", group.Get("c"));
    }

    [Fact]
    public void A_session_ends_by_group_time_since_its_last_write_and_only_then()
    {
        group.Time = 999;
        group.Apply(session, 1, Increment("c", 1));
        group.Time = 1998;
        Assert.Equal(CommandStatus.Ok, group.Apply(session, 1, Increment("c", 1)).Status);
        group.Time = 2998;
        Assert.Equal(CommandStatus.SessionExpired, group.Apply(session, 1, Increment("c", 1)).Status);
        Assert.Equal(0, group.Machine.Sessions);
        Assert.Equal("1", group.Get("c"));
    }

    [Fact]
    public void Group_time_never_goes_back()
    {
        group.Time = 500;
        group.Apply(Put("k", "x"));
        group.Time = 100;
        group.Apply(Put("k", "y"));
        Assert.Equal(500UL, group.Machine.GroupTimeMicroseconds);
    }

    [Fact]
    public void A_stale_epoch_neither_keeps_a_result_nor_acknowledges_nor_renews()
    {
        group.Apply(session, 1, Put("k", "1"));
        var stale = Batch(session, 5, Sequenced(2, Put("k", "2")));
        stale.Route.Epoch--;
        group.Time = 900;
        Assert.Equal(CommandStatus.EpochNotMatch, group.Apply(stale).Single().Status);
        group.Time = 950;
        Assert.Equal(CommandStatus.Ok, group.Apply(session, 2, Put("k", "2")).Status);
        Assert.Equal("2", group.Get("k"));
    }

    [Fact]
    public void A_stale_epoch_does_not_renew_the_session()
    {
        var stale = Batch(session, 0, Sequenced(2, Put("k", "2")));
        stale.Route.Epoch--;
        group.Time = 900;
        group.Apply(stale);
        group.Time = 1000;
        group.Apply(new EntryPayload { GroupTimeUs = group.Time });
        Assert.Equal(0, group.Machine.Sessions);
    }

    [Fact]
    public void A_write_is_answered_again_also_when_the_range_has_a_new_route()
    {
        // The retry finds the result by session and sequence, before anything is compared.
        var first = group.Apply(session, 1, Put("k", "1"));
        Assert.Equal(first, group.Apply(session, 1, Put("zebra", "outside")));
    }

    [Fact]
    public void Sessions_over_the_limit_go_whole_and_their_writes_are_refused()
    {
        var second = group.OpenSession(1000, bytesMax: (ulong)(2 * ClientSession.SessionBytes + 2 * ClientSession.ResultBytes));
        group.Apply(session, 1, Increment("c", 1));
        group.Apply(second, 1, Increment("c", 1));
        Assert.Equal(2, group.Machine.Sessions);
        group.Apply(second, 2, Increment("c", 1));
        Assert.Equal(1, group.Machine.Sessions);
        Assert.Equal(CommandStatus.SessionExpired, group.Apply(session, 1, Increment("c", 1)).Status);
        Assert.Equal(CommandStatus.Ok, group.Apply(second, 2, Increment("c", 1)).Status);
        Assert.Equal("3", group.Get("c"));
    }

    [Fact]
    public void An_entry_opens_at_most_one_session()
    {
        var open = new GroupCommand { OpenSession = new OpenSession { TimeToLiveUs = 10 } };
        var results = group.Apply(open, open);
        Assert.Equal([CommandStatus.Ok, CommandStatus.InvalidArgument], results.Select(r => r.Status));
        Assert.Equal(2, group.Machine.Sessions);
    }

    [Fact]
    public void A_session_without_a_life_is_refused() =>
        Assert.Equal(CommandStatus.InvalidArgument, group.Apply(new GroupCommand { OpenSession = new OpenSession() }).Single().Status);

    [Fact]
    public void A_sequence_that_is_far_ahead_is_refused_and_may_be_tried_later()
    {
        const ulong far = ClientSession.WindowMax + 1;
        Assert.Equal(CommandStatus.InvalidArgument, group.Apply(session, far, Increment("c", 1)).Status);
        Assert.Equal(CommandStatus.Ok, group.Apply(session, far, Increment("c", 1), lowestAwaited: far).Status);
        Assert.Equal("1", group.Get("c"));
    }

    private static Command Sequenced(ulong sequence, Command command)
    {
        command.Sequence = sequence;
        return command;
    }
}
