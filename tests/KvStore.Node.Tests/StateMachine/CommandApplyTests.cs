using KvStore.Node.Commands;
using KvStore.Node.StateMachine;
using KvStore.Raft;
using KvStore.Storage.Engine;
using static KvStore.Node.Tests.StateMachine.GroupHarness;

namespace KvStore.Node.Tests.StateMachine;

/// <summary>What each command does to a range, and what it answers.</summary>
public sealed class CommandApplyTests : IDisposable
{
    private readonly GroupHarness group = WithRange(out _);

    public void Dispose() => group.Dispose();

    [Fact]
    public void Put_stores_and_counts_one_revision()
    {
        Assert.Equal(Ok(1), group.Apply(Put("k", "one")));
        Assert.Equal(Ok(2), group.Apply(Put("k", "two")));
        Assert.Equal("two", group.Get("k"));
        Assert.Equal(["k=two 1/2/2"], group.Content());
    }

    /// <summary>Most of the time of a put was waiting for memory, one place after the other.</summary>
    [Theory, InlineData(2, 0), InlineData(3, 3), InlineData(64, 64), InlineData(150, 150)]
    public void What_an_entry_will_look_up_is_brought_near_at_once_but_for_one_or_two(int commands, long touched)
    {
        group.Apply(Batch([.. Enumerable.Range(0, commands - 1).Select(i => Put($"k{i}", "v")), Delete("k-none")]));
        Assert.Equal(touched, group.Store.KeysTouched);
        group.Apply(Batch([.. Enumerable.Range(0, commands / 2).Select(i => Put($"k{i}", "v"))]), Batch([.. Enumerable.Range(0, commands - commands / 2).Select(i => Delete($"k{i}"))]));
        Assert.Equal(2 * touched, group.Store.KeysTouched);
    }

    [Fact]
    public void Delete_says_whether_the_key_existed_and_counts_only_then()
    {
        Assert.Equal(Ok(0), group.Apply(Delete("k")));
        group.Apply(Put("k", "one"));
        Assert.Equal(Ok(2, flag: true), group.Apply(Delete("k")));
        Assert.Equal(Ok(2), group.Apply(Delete("k")));
        Assert.Null(group.Get("k"));
        group.Apply(Put("k", "again"));
        Assert.Equal(["k=again 3/3/1"], group.Content());
    }

    [Fact]
    public void Swap_by_value()
    {
        group.Apply(Put("k", "one"));
        Assert.Equal(Ok(2, flag: true), group.Apply(Swap("k", "one", "two")));
        AssertMismatch(group.Apply(Swap("k", "one", "three")), revision: 2, current: "two", modified: 2);
        Assert.Equal("two", group.Get("k"));
        Assert.Equal(Ok(3, flag: true), group.Apply(Swap("k", "two", null)));
        Assert.Null(group.Get("k"));
        Assert.Equal(new CommandResult(CommandStatus.Mismatch, new Revision(3)), group.Apply(Swap("k", "two", "x")));
    }

    [Fact]
    public void Swap_tells_an_empty_value_from_none()
    {
        Assert.Equal(CommandStatus.Mismatch, group.Apply(Swap("k", "", "x")).Status);
        group.Apply(Put("k", ""));
        Assert.Equal(Ok(2, flag: true), group.Apply(Swap("k", "", "")));
        Assert.Equal("", group.Get("k"));
    }

    [Fact]
    public void Swap_of_an_absent_key()
    {
        Assert.Equal(Ok(1, flag: true), group.Apply(Swap("k", null, "one")));
        AssertMismatch(group.Apply(Swap("k", null, "two")), revision: 1, current: "one", modified: 1);
        Assert.Equal(Ok(1, flag: true), group.Apply(Swap("absent", null, null)));
    }

    [Fact]
    public void Swap_by_mod_revision()
    {
        Assert.Equal(Ok(1, flag: true), group.Apply(Swap("k", null, "one", modRevision: 0)));
        AssertMismatch(group.Apply(Swap("k", null, "two", modRevision: 0)), revision: 1, current: "one", modified: 1);
        group.Apply(Put("l", "x"));
        AssertMismatch(group.Apply(Swap("k", null, "two", modRevision: 2)), revision: 2, current: "one", modified: 1);
        Assert.Equal(Ok(3, flag: true), group.Apply(Swap("k", null, "two", modRevision: 1)));
        Assert.Equal(Ok(4, flag: true), group.Apply(Swap("k", null, null, modRevision: 3)));
        Assert.Equal(new CommandResult(CommandStatus.Mismatch, new Revision(4)), group.Apply(Swap("k", null, "x", modRevision: 3)));
    }

    [Fact]
    public void Increment_counts_from_0_and_up_and_down()
    {
        Assert.Equal(Ok(1, number: 5), group.Apply(Increment("c", 5)));
        Assert.Equal(Ok(2, number: -2), group.Apply(Increment("c", -7)));
        Assert.Equal("-2", group.Get("c"));
        Assert.Equal(Ok(3, number: -2), group.Apply(Increment("c", 0)));
    }

    [Theory]
    [InlineData("", 1)]
    [InlineData("x", 1)]
    [InlineData("1x", 1)]
    [InlineData(" 1", 1)]
    [InlineData("1 ", 1)]
    [InlineData("+1", 1)]
    [InlineData("1.0", 1)]
    [InlineData("1,000", 1)]
    [InlineData("-", 1)]
    [InlineData("--1", 1)]
    [InlineData("9223372036854775808", 0)]
    [InlineData("9223372036854775807", 1)]
    [InlineData("-9223372036854775808", -1)]
    public void Increment_of_something_else_or_beyond_the_limit_changes_nothing(string value, long delta)
    {
        group.Apply(Put("c", value));
        var result = group.Apply(Increment("c", delta));
        Assert.Equal((CommandStatus.NotANumber, new Revision(1)), (result.Status, result.Revision));
        Assert.Equal(value, System.Text.Encoding.UTF8.GetString(result.Current!.Value.Value.Span));
        Assert.Equal(["c=" + value + " 1/1/1"], group.Content());
    }

    [Theory]
    [InlineData("9223372036854775806", 1, "9223372036854775807")]
    [InlineData("-9223372036854775807", -1, "-9223372036854775808")]
    [InlineData("-1", long.MinValue + 1, "-9223372036854775808")]
    [InlineData("007", 1, "8")]
    public void Increment_reaches_the_limits(string value, long delta, string expected)
    {
        group.Apply(Put("c", value));
        Assert.Equal(CommandStatus.Ok, group.Apply(Increment("c", delta)).Status);
        Assert.Equal(expected, group.Get("c"));
    }

    [Fact]
    public void A_stale_route_applies_nothing_and_answers_every_command()
    {
        foreach (var route in new[] { new Route { RangeId = RangeNumber, Epoch = Epoch - 1 }, new Route { RangeId = 99, Epoch = Epoch }, null })
        {
            var batch = Batch(Put("k", "1"), Put("l", "2"));
            batch.Route = route;
            Assert.Equal([CommandStatus.EpochNotMatch, CommandStatus.EpochNotMatch], group.Apply(batch).Select(r => r.Status));
        }
        Assert.Empty(group.Content());
    }

    [Theory]
    [InlineData("")]
    [InlineData("A")]
    [InlineData("m")]
    [InlineData("zebra")]
    public void A_key_outside_of_the_range_is_refused_by_apply(string key) =>
        Assert.Equal(new CommandResult(CommandStatus.InvalidArgument, Revision.Zero), group.Apply(Put(key, "x")));

    [Fact]
    public void A_key_beyond_the_limit_is_refused_by_apply()
    {
        Assert.Equal(CommandStatus.Ok, group.Apply(Put(new string('b', 4096), "x")).Status);
        Assert.Equal(CommandStatus.InvalidArgument, group.Apply(Put(new string('b', 4097), "x")).Status);
    }

    [Fact]
    public void Commands_of_one_entry_see_each_other_and_answer_in_order()
    {
        var results = group.Apply(new EntryPayload
        {
            Ranges = { Batch(Put("k", "1"), Increment("k", 1), Swap("k", "2", "3")), Batch(Delete("k"), Put("k", "5")) },
            GroupCommands = { new GroupCommand { CompareHash = new CompareHash() } },
        });
        Assert.Equal([Ok(1), Ok(2, number: 2), Ok(3, flag: true), Ok(4, flag: true), Ok(5), Ok(0)], results);
        Assert.Equal("5", group.Get("k"));
        Assert.Equal(new Revision(5), group.Store.Revision);
    }

    [Fact]
    public void An_entry_with_a_command_that_is_not_known_stops_the_replica() =>
        Assert.Throws<InvariantViolationException>(() => group.Apply(Batch(new Command { Sequence = 0 })));

    [Fact]
    public void An_entry_that_cannot_be_read_or_is_not_the_next_stops_the_replica()
    {
        Assert.Throws<InvariantViolationException>(() => group.Apply(group.NextEntry(EntryKind.Normal, [0x0A])));
        Assert.Throws<InvariantViolationException>(() => group.Apply(new Entry(new Term(1), group.Machine.Applied + 2, EntryKind.Normal, default)));
        Assert.Throws<InvariantViolationException>(() => group.Apply(new Entry(new Term(0), group.Machine.Applied.Next, EntryKind.TermStart, default)));
    }

    [Fact]
    public void Entries_of_other_kinds_move_the_applied_index_alone()
    {
        var applied = group.Machine.Applied;
        group.Apply(group.NextEntry(EntryKind.TermStart, []));
        group.Apply(group.NextEntry(EntryKind.ConfigurationChange, [1, 2, 3]));
        Assert.Equal(applied + 2, group.Machine.Applied);
        Assert.Empty(group.Content());
    }

    private static CommandResult Ok(ulong revision, bool flag = false, long number = 0) => new(CommandStatus.Ok, new Revision(revision), flag, number);

    private static void AssertMismatch(CommandResult result, ulong revision, string current, ulong modified)
    {
        Assert.Equal((CommandStatus.Mismatch, new Revision(revision), false), (result.Status, result.Revision, result.Flag));
        Assert.Equal((current, new Revision(modified)), (System.Text.Encoding.UTF8.GetString(result.Current!.Value.Value.Span), result.Current.Value.Modified));
    }
}
