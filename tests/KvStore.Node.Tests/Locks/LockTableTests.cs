using System.Text;
using KvStore.Node.Commands;
using KvStore.Node.Locks;
using KvStore.Node.StateMachine;
using KvStore.Raft;

namespace KvStore.Node.Tests.Locks;

public sealed class LockTableTests
{
    private readonly HashSet<ulong> dead = [];
    private readonly LockTable table;
    private ulong index = 10;

    public LockTableTests() => table = new LockTable(new EffectHash(0), lease => !dead.Contains(lease));

    private LogIndex Next => new(++index);

    private CommandResult Acquire(string name, ulong lease, LockWaiting waiting = LockWaiting.Queue, string value = "") =>
        table.Acquire(name, lease, Encoding.UTF8.GetBytes(value), waiting, Next);

    private static CommandResult Holds(ulong token) => new(CommandStatus.Ok, default, Flag: true, Number: (long)token);
    private static CommandResult Waits(long place) => new(CommandStatus.Ok, default, Number: place);
    private static readonly CommandResult Nothing = new(CommandStatus.Ok, default);
    private static readonly CommandResult Done = new(CommandStatus.Ok, default, Flag: true);

    private IEnumerable<(LockEventKind Kind, ulong Lease, ulong Token)> Events()
    {
        var events = table.Events.Select(e => (e.Kind, e.Lease, e.Token)).ToList();
        table.ForgetEvents();
        return events;
    }

    [Fact]
    public void A_free_lock_is_granted_at_once_with_a_token_of_the_entrys_index() => Assert.Equal(Holds(11), Acquire("a", 1));

    [Fact]
    public void Others_wait_in_order_of_arrival_and_are_woken_one_at_a_time()
    {
        Acquire("a", 1);
        Assert.Equal(Waits(1), Acquire("a", 2));
        Assert.Equal(Waits(2), Acquire("a", 3));
        Events();
        Assert.Equal(Done, table.Release("a", 11, Next));
        Assert.Equal([(LockEventKind.Changed, 1UL, 11UL), (LockEventKind.Granted, 2UL, 14UL)], Events());
        Assert.Equal(Waits(1), table.ResultFor("a", 3));
    }

    [Fact]
    public void Who_asks_again_finds_its_grant_or_its_place()
    {
        Assert.Equal(Holds(11), Acquire("a", 1));
        Assert.Equal(Holds(11), Acquire("a", 1));
        Acquire("a", 2);
        Acquire("a", 3);
        Assert.Equal(Waits(2), Acquire("a", 3));
        Assert.Equal(2, table.Find("a")!.WaitingCount);
    }

    [Fact]
    public void Who_would_not_wait_does_not_stand_in_the_queue()
    {
        Acquire("a", 1);
        Assert.Equal(Nothing, Acquire("a", 2, LockWaiting.OnlyIfFree));
        Assert.Null(table.ResultFor("a", 2));
    }

    [Fact]
    public void Tokens_grow_over_release_and_forgetting_and_within_one_entry()
    {
        var entry = new LogIndex(20);
        var tokens = new List<long>();
        for (var i = 0; i < 3; i++)
        {
            tokens.Add(table.Acquire("a", 1, default, LockWaiting.Queue, entry).Number);
            table.Release("a", (ulong)tokens[^1], entry);
            Assert.Equal(0, table.Count);
        }
        tokens.Add(table.Acquire("a", 1, default, LockWaiting.Queue, entry.Next).Number);
        Assert.Equal([20, 21, 22, 23], tokens);
    }

    [Fact]
    public void Release_is_the_holders_alone_and_once_for_a_token()
    {
        Acquire("a", 1);
        Acquire("a", 2);
        Assert.Equal(new CommandResult(CommandStatus.LockNotFound, default), table.Release("a", 99, Next));
        Assert.Equal(Done, table.Release("a", 11, Next));
        Assert.Equal(Nothing, table.Release("a", 11, Next));
        Assert.True(table.ResultFor("a", 2)!.Value.Flag);
    }

    [Fact]
    public void The_end_of_the_holders_lease_releases()
    {
        Acquire("a", 1);
        Acquire("a", 2);
        table.LeaseEnded(1, Next);
        Assert.Equal(Holds(13), table.ResultFor("a", 2));
    }

    [Fact]
    public void A_waiter_whose_lease_ended_is_gone_and_never_woken()
    {
        Acquire("a", 1);
        Acquire("a", 2);
        Acquire("a", 3);
        Events();
        table.LeaseEnded(2, Next);
        Assert.Equal([(LockEventKind.Dropped, 2UL, 0UL)], Events());
        table.Release("a", 11, Next);
        Assert.True(table.ResultFor("a", 3)!.Value.Flag);
    }

    [Fact]
    public void A_waiter_whose_lease_is_past_its_deadline_is_passed_over_before_the_entry_that_ends_it()
    {
        Acquire("a", 1);
        Acquire("a", 2);
        Acquire("a", 3);
        dead.Add(2);
        table.Release("a", 11, Next);
        Assert.Null(table.ResultFor("a", 2));
        Assert.True(table.ResultFor("a", 3)!.Value.Flag);
    }

    [Fact]
    public void A_lease_that_ends_gets_none_of_the_locks_that_it_waits_for()
    {
        Acquire("a", 1);
        Acquire("b", 2);
        Acquire("b", 1);
        Acquire("a", 2);
        table.LeaseEnded(1, Next);
        Assert.True(table.ResultFor("a", 2)!.Value.Flag);
        Assert.True(table.ResultFor("b", 2)!.Value.Flag);
        table.LeaseEnded(2, Next);
        Assert.Equal((0, 0L), (table.Count, table.Bytes));
    }

    [Fact]
    public void Withdrawing_takes_a_waiter_out_and_leaves_a_holder()
    {
        Acquire("a", 1);
        Acquire("a", 2);
        Assert.Equal(Done, table.Withdraw("a", 2, Next));
        Assert.Null(table.ResultFor("a", 2));
        Assert.Equal(new CommandResult(CommandStatus.Ok, default, Number: 11), table.Withdraw("a", 1, Next));
        Assert.Equal(Nothing, table.Withdraw("a", 7, Next));
        Assert.Equal(Nothing, table.Withdraw("b", 7, Next));
    }

    [Fact]
    public void The_next_token_waits_until_every_registered_group_has_confirmed()
    {
        Acquire("a", 1);
        Acquire("a", 2);
        Assert.Equal(Done, table.Register("a", 11, new GroupId(5)));
        Assert.Equal(Nothing, table.Register("a", 11, new GroupId(5)));
        Assert.Equal(Done, table.Register("a", 11, new GroupId(3)));
        table.Release("a", 11, Next);
        table.Publish();
        Assert.Equal([new PendingRemoval("a", 11, new GroupId(3)), new PendingRemoval("a", 11, new GroupId(5))], table.Removals);
        Assert.Equal(Waits(1), table.ResultFor("a", 2));
        Assert.Equal(Done, table.ConfirmRemoval("a", 11, new GroupId(5), Next));
        Assert.Equal(Nothing, table.ConfirmRemoval("a", 11, new GroupId(5), Next));
        Assert.Equal(Waits(1), table.ResultFor("a", 2));
        Assert.Equal(Done, table.ConfirmRemoval("a", 11, new GroupId(3), Next));
        Assert.True(table.ResultFor("a", 2)!.Value.Flag);
        table.Publish();
        Assert.Empty(table.Removals);
    }

    [Fact]
    public void A_lock_whose_token_is_still_accepted_somewhere_is_not_free_though_nobody_holds_it()
    {
        Acquire("a", 1);
        table.Register("a", 11, new GroupId(5));
        table.Release("a", 11, Next);
        Assert.Equal(Nothing, Acquire("a", 2, LockWaiting.OnlyIfFree));
        Assert.Equal(Waits(1), Acquire("a", 2));
        table.ConfirmRemoval("a", 11, new GroupId(5), Next);
        Assert.True(table.ResultFor("a", 2)!.Value.Flag);
    }

    [Fact]
    public void A_confirmation_of_an_earlier_token_does_not_count_for_a_later_one()
    {
        Acquire("a", 1);
        table.Register("a", 11, new GroupId(5));
        table.Release("a", 11, Next);
        table.ConfirmRemoval("a", 11, new GroupId(5), Next);
        var second = (ulong)Acquire("a", 2).Number;
        table.Register("a", second, new GroupId(5));
        Assert.Equal(Nothing, table.ConfirmRemoval("a", 11, new GroupId(5), Next));
        table.Release("a", second, Next);
        Assert.Equal(Nothing, table.ConfirmRemoval("a", 11, new GroupId(5), Next));
        Assert.Equal(Waits(1), Acquire("a", 3));
    }

    [Fact]
    public void Only_the_holders_token_is_registered_and_accepted()
    {
        Acquire("a", 1);
        Acquire("a", 2);
        table.Release("a", 11, Next);
        var token = (ulong)table.ResultFor("a", 2)!.Value.Number;
        Assert.Equal(CommandStatus.Fenced, table.Register("a", 11, new GroupId(5)).Status);
        Assert.Equal(CommandStatus.Fenced, table.Check("a", 11));
        Assert.Equal(CommandStatus.LockNotFound, table.Register("a", token + 1, new GroupId(5)).Status);
        Assert.Equal(CommandStatus.LockNotFound, table.Check("never", token + 1));
        Assert.Equal(CommandStatus.LockNotFound, table.Check("a", 0));
        Assert.Equal(CommandStatus.Ok, table.Check("a", token));
        Assert.Equal(CommandStatus.Fenced, table.Check("b", token));
    }

    [Fact]
    public void The_holder_alone_replaces_its_value()
    {
        Acquire("a", 1, value: "x");
        Assert.Equal(Done, table.Proclaim("a", 11, 0, "yy"u8.ToArray()));
        Assert.Equal(("yy", 1UL), (Encoding.UTF8.GetString(table.Find("a")!.Holder!.Value.Span), table.Find("a")!.Proclaimed));
        table.Release("a", 11, Next);
        Assert.Equal(CommandStatus.Fenced, table.Proclaim("a", 11, 0, default).Status);
        Assert.Equal(CommandStatus.InvalidArgument, table.Proclaim("a", 11, 0, new byte[LockLimits.ValueBytesMax + 1]).Status);
    }

    [Fact]
    public void A_proclamation_that_comes_again_behind_a_later_one_changes_nothing()
    {
        Acquire("a", 1, value: "x");
        Assert.Equal(Done, table.Proclaim("a", 11, 1, "first"u8.ToArray()));
        Assert.Equal(Done, table.Proclaim("a", 11, 2, "second"u8.ToArray()));
        Assert.Equal(Done with { Flag = false }, table.Proclaim("a", 11, 1, "first"u8.ToArray()));
        Assert.Equal(Done with { Flag = false }, table.Proclaim("a", 11, 2, "second"u8.ToArray()));
        Assert.Equal(("second", 2UL), (Encoding.UTF8.GetString(table.Find("a")!.Holder!.Value.Span), table.Find("a")!.Proclaimed));
        Assert.Equal(Done, table.Proclaim("a", 11, 5, "fifth"u8.ToArray()));
        Assert.Equal(("fifth", 5UL), (Encoding.UTF8.GetString(table.Find("a")!.Holder!.Value.Span), table.Find("a")!.Proclaimed));
    }

    [Fact]
    public void Names_values_and_queues_have_limits()
    {
        Assert.Equal(CommandStatus.InvalidArgument, Acquire("", 1).Status);
        Assert.Equal(CommandStatus.InvalidArgument, Acquire(new string('é', LockLimits.NameBytesMax / 2 + 1), 1).Status);
        Assert.Equal(CommandStatus.InvalidArgument, Acquire("a", 1, value: new string('v', LockLimits.ValueBytesMax + 1)).Status);
        for (var lease = 0UL; lease <= LockLimits.WaitingMax; lease++) Assert.Equal(CommandStatus.Ok, Acquire("a", lease).Status);
        Assert.Equal(CommandStatus.ResourceExhausted, Acquire("a", 1_000_000).Status);
        Assert.Equal(CommandStatus.Ok, Acquire("a", 5).Status);
    }

    [Fact]
    public void All_locks_together_have_a_limit()
    {
        var lease = 0UL;
        var value = new byte[LockLimits.ValueBytesMax];
        while (table.Acquire($"lock {lease}", ++lease, value, LockWaiting.Queue, Next).Status == CommandStatus.Ok) Assert.True(lease < 20_000);
        Assert.InRange(table.Bytes, LockLimits.TableBytesMax, LockLimits.TableBytesMax + 2 * LockLimits.ValueBytesMax);
        table.LeaseEnded(1, Next);
        Assert.Equal(CommandStatus.Ok, Acquire("another", 1).Status);
    }
}
