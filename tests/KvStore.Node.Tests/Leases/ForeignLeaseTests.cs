using KvStore.Node.Commands;
using KvStore.Node.Leases;
using KvStore.Node.StateMachine;
using KvStore.Node.Tests.StateMachine;
using KvStore.Raft;

namespace KvStore.Node.Tests.Leases;

/// <summary>The protocol between a lease's owner (group 2) and a group whose keys are attached to it (group 1), command by command.</summary>
public sealed class ForeignLeaseTests : IDisposable
{
    private const ulong Second = 1_000_000;
    private readonly GroupHarness owner = new(2);
    private readonly GroupHarness user = GroupHarness.WithRange(out _);

    public void Dispose()
    {
        owner.Dispose();
        user.Dispose();
    }

    [Fact]
    public void A_key_is_attached_once_the_owner_has_registered_the_group_and_deleted_before_the_lease_is_forgotten()
    {
        var lease = Grant();
        Assert.Equal(CommandStatus.LeaseNotFound, Put("a", lease).Status);
        var ticket = Announce(lease);
        Assert.Equal(CommandStatus.LeaseNotFound, Put("a", lease).Status);
        Assert.Equal(CommandStatus.Ok, Register(lease).Status);
        Assert.True(Confirm(lease, ticket).Flag);
        Assert.Equal(CommandStatus.Ok, Put("a", lease).Status);

        owner.Time = 10 * Second;
        Advance(owner);
        Assert.Equal(lease, owner.Machine.Leases.Agenda.Releases.Single().Leases.Single());
        Assert.Equal(new GroupId(1), owner.Machine.Leases.Agenda.Releases.Single().User);
        Assert.Equal("v", user.Get("a"));
        Assert.True(EndHere(lease).Flag);
        Assert.Null(user.Get("a"));
        Assert.NotNull(owner.Machine.Leases.Find(lease));
        Assert.True(Release(lease).Flag);
        Assert.Null(owner.Machine.Leases.Find(lease));
        Assert.Equal((0, 0L, 0, 0L), (owner.Machine.Leases.Count, owner.Machine.Leases.Bytes, user.Machine.Leases.Count, user.Machine.Leases.Bytes));
    }

    [Fact]
    public void Every_step_may_come_twice()
    {
        var lease = Grant();
        var ticket = Announce(lease);
        Assert.Equal(ticket, Announce(lease));
        Register(lease);
        Assert.Equal(CommandStatus.Ok, Register(lease).Status);
        Confirm(lease, ticket);
        Assert.True(Confirm(lease, ticket).Flag);
        Put("a", lease);
        owner.Apply(new GroupCommand { RevokeLease = new RevokeLease { Lease = lease.Value } });
        EndHere(lease);
        Assert.True(EndHere(lease).Flag);
        Release(lease);
        Assert.Equal(CommandStatus.Ok, Release(lease).Status);
    }

    [Fact]
    public void The_owner_registers_nobody_once_the_lease_has_ended()
    {
        var lease = Grant();
        Announce(lease);
        owner.Time = 10 * Second;
        Assert.Equal(CommandStatus.LeaseNotFound, Register(lease).Status);
    }

    [Fact]
    public void A_confirmation_that_comes_after_the_end_meets_no_later_announcement()
    {
        var lease = Grant();
        var ticket = Announce(lease);
        Register(lease);
        owner.Time = 10 * Second;
        Advance(owner);
        // The group is told before the confirmation arrives, and announces again for somebody else.
        EndHere(lease);
        Release(lease);
        Assert.False(Confirm(lease, ticket).Flag);
        Assert.NotEqual(ticket, Announce(lease));
        Assert.False(Confirm(lease, ticket).Flag);
        Assert.Equal(CommandStatus.LeaseNotFound, Put("a", lease).Status);
    }

    [Fact]
    public void An_announcement_that_nobody_confirms_is_forgotten()
    {
        var lease = Grant();
        var ticket = Announce(lease);
        user.Time = LeaseLimits.PendingMicroseconds;
        Assert.Equal(user.Time, user.Machine.Leases.Agenda.NextDeadline);
        Advance(user);
        Assert.Equal(0, user.Machine.Leases.Count);
        Assert.False(Confirm(lease, ticket).Flag);
    }

    [Fact]
    public void Another_groups_lease_is_neither_kept_alive_nor_revoked_nor_released_by_its_users_here()
    {
        var lease = Grant();
        Confirm(lease, AnnounceAndRegister(lease));
        Assert.False(user.Apply(new GroupCommand { KeepLeasesAlive = new KeepLeasesAlive { Leases = { lease.Value } } }).Single().Flag);
        Assert.Equal(CommandStatus.LeaseNotFound, user.Apply(new GroupCommand { RevokeLease = new RevokeLease { Lease = lease.Value } }).Single().Status);
        // The owner releases nobody while the lease lives.
        Assert.False(Release(lease).Flag);
        user.Time = 1_000_000 * Second;
        Advance(user);
        Assert.Equal(CommandStatus.Ok, Put("a", lease).Status);
    }

    [Fact]
    public void What_is_known_of_other_groups_leases_comes_back_after_a_crash_and_from_a_checkpoint()
    {
        var (confirmed, announced, ending) = (Grant(), Grant(), Grant());
        Confirm(confirmed, AnnounceAndRegister(confirmed));
        Confirm(ending, AnnounceAndRegister(ending));
        Put("a", confirmed);
        foreach (var i in Enumerable.Range(0, LeaseLimits.EndsPerEntryMax + 1)) Put($"b{i}", ending);
        Assert.False(EndHere(ending).Flag);
        var ticket = Announce(announced);
        user.Checkpoint();
        owner.Checkpoint();
        var hash = user.Machine.Hash;
        user.CrashAndRecover();
        owner.CrashAndRecover();
        Assert.Equal(hash, user.Machine.Hash);
        Assert.Equal(CommandStatus.LeaseNotFound, Put("c", ending).Status);
        Assert.True(EndHere(ending).Flag);
        Assert.Equal(1, user.Store.Keys);
        Register(announced);
        Assert.True(Confirm(announced, ticket).Flag);
        owner.Time = 10 * Second;
        Advance(owner);
        Assert.Equal(3, owner.Machine.Leases.Agenda.Releases.Single().Leases.Count);
        Assert.True(EndHere(confirmed).Flag);
        Assert.Null(user.Get("a"));
    }

    private LeaseId Grant() => new((ulong)owner.Apply(new GroupCommand { GrantLease = new GrantLease { TimeToLiveUs = 10 * Second } }).Single().Number);

    private ulong AnnounceAndRegister(LeaseId lease)
    {
        var ticket = Announce(lease);
        Register(lease);
        return ticket;
    }

    private ulong Announce(LeaseId lease)
    {
        var result = user.Apply(new GroupCommand { AnnounceLease = new AnnounceLease { Lease = lease.Value } }).Single();
        Assert.Equal(CommandStatus.Ok, result.Status);
        return (ulong)result.Number;
    }

    private CommandResult Register(LeaseId lease) => owner.Apply(new GroupCommand { RegisterLeaseUser = new RegisterLeaseUser { Lease = lease.Value, Group = 1 } }).Single();

    private CommandResult Confirm(LeaseId lease, ulong ticket) => user.Apply(new GroupCommand { ConfirmLease = new ConfirmLease { Lease = lease.Value, Ticket = ticket } }).Single();

    private CommandResult EndHere(LeaseId lease) => user.Apply(new GroupCommand { EndLeases = new EndLeases { Leases = { lease.Value } } }).Single();

    private CommandResult Release(LeaseId lease) => owner.Apply(new GroupCommand { ReleaseLeases = new ReleaseLeases { Leases = { lease.Value }, Group = 1 } }).Single();

    private static void Advance(GroupHarness group) => group.Apply(new GroupCommand { AdvanceLeases = new AdvanceLeases() });

    private CommandResult Put(string key, LeaseId lease) =>
        user.Apply(new Command { Put = new Put { Key = GroupHarness.Bytes(key), Value = GroupHarness.Bytes("v"), Lease = lease.Value } });
}
