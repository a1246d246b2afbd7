using KvStore.Node.Commands;
using KvStore.Node.Leases;
using KvStore.Node.StateMachine;
using KvStore.Node.Tests.StateMachine;
using KvStore.Raft;

namespace KvStore.Node.Tests.Leases;

/// <summary>Leases of one group, in apply.</summary>
public sealed class LeaseCommandTests : IDisposable
{
    private const ulong Second = 1_000_000;
    private readonly GroupHarness group = GroupHarness.WithRange(out _);

    public void Dispose() => group.Dispose();

    [Fact]
    public void A_lease_ends_at_its_deadline_in_group_time_and_takes_its_keys_along()
    {
        var lease = Grant(10 * Second);
        Assert.Equal(CommandStatus.Ok, Put("a", lease).Status);
        Assert.Equal(CommandStatus.Ok, Put("b", lease).Status);
        group.Time = 10 * Second - 1;
        Advance();
        Assert.Equal("v", group.Get("a"));
        group.Time = 10 * Second;
        var before = group.Store.Revision;
        Advance();
        Assert.Null(group.Get("a"));
        Assert.Null(group.Get("b"));
        // All keys of the range go at one revision.
        Assert.Equal(before.Next, group.Store.Revision);
        Assert.Null(Find(lease));
    }

    [Fact]
    public void A_keep_alive_moves_the_deadline_to_its_entry_and_the_whole_time_to_live()
    {
        var lease = Grant(10 * Second);
        Put("a", lease);
        group.Time = 9 * Second;
        Assert.True(KeepAlive(lease).Flag);
        group.Time = 19 * Second - 1;
        Advance();
        Assert.Equal("v", group.Get("a"));
        group.Time = 19 * Second;
        Advance();
        Assert.Null(group.Get("a"));
    }

    [Fact]
    public void From_its_deadline_on_a_lease_cannot_be_kept_alive_or_attached_to_though_no_entry_has_ended_it()
    {
        var lease = Grant(10 * Second);
        group.Time = 10 * Second;
        Assert.Equal([lease.Value], Ended(KeepAlive(lease)));
        Assert.Equal(CommandStatus.LeaseNotFound, Put("a", lease).Status);
        Assert.Null(group.Get("a"));
    }

    [Fact]
    public void An_entry_of_an_old_leader_that_is_applied_late_ends_nothing_that_was_renewed()
    {
        var lease = Grant(10 * Second);
        Put("a", lease);
        group.Time = 9 * Second;
        KeepAlive(lease);
        // It was proposed for the deadline that the renewal has moved.
        group.Time = 10 * Second;
        Assert.False(Advance().Flag);
        Assert.Equal("v", group.Get("a"));
    }

    [Fact]
    public void A_batch_of_keep_alives_says_which_have_ended()
    {
        var (first, second) = (Grant(10 * Second), Grant(20 * Second));
        group.Time = 15 * Second;
        Assert.Equal([first.Value, 99UL], Ended(KeepAlive(first, second, new LeaseId(99))));
    }

    [Fact]
    public void Revoke_ends_a_lease_once()
    {
        var lease = Grant(10 * Second);
        Put("a", lease);
        Assert.Equal(CommandStatus.Ok, Revoke(lease).Status);
        Assert.Null(group.Get("a"));
        Assert.Equal(CommandStatus.LeaseNotFound, Revoke(lease).Status);
        Assert.Equal(CommandStatus.LeaseNotFound, Revoke(new LeaseId(1)).Status);
    }

    [Fact]
    public void A_put_without_the_lease_or_with_another_one_takes_the_key_away_from_it()
    {
        var (first, second) = (Grant(10 * Second), Grant(20 * Second));
        Put("a", first);
        Put("b", first);
        Put("c", first);
        group.Apply(GroupHarness.Put("a", "kept"));
        Put("b", second);
        group.Apply(GroupHarness.Delete("c"));
        group.Apply(GroupHarness.Put("c", "new"));
        Revoke(first);
        Assert.Equal(("kept", "v", "new"), (group.Get("a"), group.Get("b"), group.Get("c")));
        Revoke(second);
        Assert.Equal(("kept", null, "new"), (group.Get("a"), group.Get("b"), group.Get("c")));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(999_999)]
    [InlineData(9_000_000_000_000_001UL)]
    [InlineData(ulong.MaxValue)]
    public void A_time_to_live_outside_the_limits_is_refused(ulong microseconds) =>
        Assert.Equal(CommandStatus.InvalidArgument, group.Apply(GrantCommand(microseconds)).Single().Status);

    [Fact]
    public void Ids_are_the_groups_own_and_never_come_twice()
    {
        var first = Grant(10 * Second);
        Revoke(first);
        var second = Grant(10 * Second);
        Assert.Equal((new GroupId(1), new GroupId(1)), (first.Owner, second.Owner));
        Assert.True(second.Value > first.Value && (long)first.Value > 0);
    }

    [Fact]
    public void A_chosen_id_must_be_free_and_outside_the_groups_own()
    {
        Assert.Equal(77, group.Apply(GrantCommand(10 * Second, 77)).Single().Number);
        Assert.Equal(CommandStatus.LeaseExists, group.Apply(GrantCommand(10 * Second, 77)).Single().Status);
        Assert.Equal(CommandStatus.InvalidArgument, group.Apply(GrantCommand(10 * Second, LeaseId.Given(new GroupId(1), 1000).Value)).Single().Status);
        Assert.Equal(CommandStatus.InvalidArgument, group.Apply(GrantCommand(10 * Second, 1UL << 63)).Single().Status);
        Assert.Equal(CommandStatus.Ok, Put("a", new LeaseId(77)).Status);
        Revoke(new LeaseId(77));
        Assert.Null(group.Get("a"));
        Assert.Equal(77, group.Apply(GrantCommand(10 * Second, 77)).Single().Number);
    }

    [Fact]
    public void A_full_table_refuses_grants_and_attachments_and_keeps_what_it_has()
    {
        var command = GrantCommand(10 * Second);
        command.GrantLease.TableBytesMax = 600;
        var lease = new LeaseId((ulong)group.Apply(command).Single().Number);
        Assert.Equal(CommandStatus.Ok, Put("a", lease).Status);
        Assert.Equal(CommandStatus.Ok, Put("b", lease).Status);
        Assert.Equal(CommandStatus.ResourceExhausted, Put("c", lease).Status);
        Assert.Equal(CommandStatus.ResourceExhausted, group.Apply(GrantCommand(10 * Second)).Single().Status);
        Assert.Null(group.Get("c"));
        // What is attached already takes no more room.
        Assert.Equal(CommandStatus.Ok, Put("b", lease).Status);
        Assert.True(KeepAlive(lease).Flag);
        Revoke(lease);
        Assert.Equal(0, group.Machine.Leases.Bytes);
    }

    [Fact]
    public void A_full_table_gets_room_by_a_grant_with_a_greater_limit()
    {
        var small = GrantCommand(10 * Second);
        small.GrantLease.TableBytesMax = LeaseLimits.LeaseBytes;
        Assert.Equal(CommandStatus.Ok, group.Apply(small).Single().Status);
        Assert.Equal(CommandStatus.ResourceExhausted, group.Apply(GrantCommand(10 * Second)).Single().Status);
        var larger = GrantCommand(10 * Second);
        larger.GrantLease.TableBytesMax = 2 * LeaseLimits.LeaseBytes;
        Assert.Equal(CommandStatus.Ok, group.Apply(larger).Single().Status);
        Assert.Equal(CommandStatus.ResourceExhausted, group.Apply(GrantCommand(10 * Second)).Single().Status);
    }

    [Fact]
    public void Leases_that_end_together_end_over_several_entries_none_of_which_does_more_than_the_bound()
    {
        const int count = 2500;
        foreach (var chunk in Enumerable.Range(0, count).Chunk(500)) group.Apply([.. chunk.Select(_ => GrantCommand(10 * Second))]);
        var leases = group.Machine.Leases.All.ToList();
        foreach (var chunk in leases.Chunk(500)) group.Apply(GroupHarness.Batch([.. chunk.Select(lease => PutCommand($"k{lease.Id}", lease.Id)), .. chunk.Select(lease => PutCommand($"l{lease.Id}", lease.Id))]));
        Assert.Equal(2 * count, group.Store.Keys);
        group.Time = 10 * Second;
        var entries = 0;
        while (group.Machine.Leases.Agenda is { } agenda && (agenda.IsCollecting || agenda.NextDeadline <= group.Time))
        {
            var (keys, left) = (group.Store.Keys, group.Machine.Leases.All.Count(lease => lease.Phase == LeasePhase.Live));
            Assert.True(Advance().Flag);
            Assert.InRange(keys - group.Store.Keys, 0, LeaseLimits.EndsPerEntryMax);
            Assert.InRange(left - group.Machine.Leases.All.Count(lease => lease.Phase == LeasePhase.Live), 0, LeaseLimits.EndsPerEntryMax);
            // Those whose turn has not come have ended all the same.
            Assert.Equal(count, Ended(KeepAlive([.. leases.Select(lease => lease.Id)])).Count);
            entries++;
        }
        Assert.Equal((0, 0, 5), (group.Store.Keys, group.Machine.Leases.Count, entries));
    }

    [Fact]
    public void Leases_and_attachments_come_back_after_a_crash_and_from_a_checkpoint_in_the_midst_of_ending()
    {
        foreach (var chunk in Enumerable.Range(0, 1500).Chunk(500)) group.Apply([.. chunk.Select(_ => GrantCommand(10 * Second))]);
        var leases = group.Machine.Leases.All.Select(lease => lease.Id).ToList();
        foreach (var lease in leases) Put($"k{lease}", lease);
        group.Time = 5 * Second;
        KeepAlive(leases[7]);
        group.Time = 10 * Second;
        Advance();
        group.Checkpoint();
        var (hash, time) = (group.Machine.Hash, group.Machine.Leases.Agenda.NextDeadline);
        group.CrashAndRecover();
        Assert.Equal((hash, time), (group.Machine.Hash, group.Machine.Leases.Agenda.NextDeadline));
        Advance();
        Assert.Equal(1, group.Store.Keys);
        Assert.Equal([leases[7]], group.Machine.Leases.All.Select(lease => lease.Id));
        group.CrashAndRecover();
        Assert.Equal(15 * Second, Find(leases[7])!.Deadline);
        group.Time = 15 * Second;
        Advance();
        Assert.Equal((0, 0), (group.Store.Keys, group.Machine.Leases.Count));
        Assert.Equal(0, group.Machine.Leases.Bytes);
    }

    [Fact]
    public void Many_renewals_and_revocations_leave_no_trace_in_the_queue_of_deadlines()
    {
        var kept = Grant(3600 * Second);
        for (var i = 0; i < 5000; i++) Revoke(Grant(3600 * Second));
        Assert.Equal((1, kept), (group.Machine.Leases.Count, group.Machine.Leases.All.Single().Id));
        Assert.InRange(group.Machine.Leases.QueuedDeadlines, 1, 1100);
    }

    private LeaseId Grant(ulong timeToLive) => new((ulong)group.Apply(GrantCommand(timeToLive)).Single().Number);

    private static GroupCommand GrantCommand(ulong timeToLive, ulong chosen = 0) => new() { GrantLease = new GrantLease { TimeToLiveUs = timeToLive, Lease = chosen } };

    private CommandResult KeepAlive(params LeaseId[] leases) => group.Apply(new GroupCommand { KeepLeasesAlive = new KeepLeasesAlive { Leases = { leases.Select(lease => lease.Value) } } }).Single();

    private static List<ulong> Ended(CommandResult result) => [.. KeepLeasesAlive.Parser.ParseFrom(result.Response).Leases];

    private CommandResult Revoke(LeaseId lease) => group.Apply(new GroupCommand { RevokeLease = new RevokeLease { Lease = lease.Value } }).Single();

    private CommandResult Advance() => group.Apply(new GroupCommand { AdvanceLeases = new AdvanceLeases() }).Single();

    private CommandResult Put(string key, LeaseId lease) => group.Apply(PutCommand(key, lease));

    private static Command PutCommand(string key, LeaseId lease) => new() { Put = new Put { Key = GroupHarness.Bytes(key), Value = GroupHarness.Bytes("v"), Lease = lease.Value } };

    private Lease? Find(LeaseId lease) => group.Machine.Leases.Find(lease);
}
