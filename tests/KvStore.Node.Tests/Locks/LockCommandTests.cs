using System.Text;
using Google.Protobuf;
using KvStore.Node.Commands;
using KvStore.Node.Locks;
using KvStore.Node.StateMachine;
using KvStore.Node.Tests.StateMachine;

namespace KvStore.Node.Tests.Locks;

/// <summary>Locks and fenced writes of one group, in apply.</summary>
public sealed class LockCommandTests : IDisposable
{
    private const ulong Second = 1_000_000;
    private readonly GroupHarness group;
    private readonly SessionId session;

    public LockCommandTests() => group = GroupHarness.WithRange(out session);

    public void Dispose() => group.Dispose();

    /// <summary>Makes the group the home of all locks.</summary>
    private void MakeHome() => Assert.Equal(CommandStatus.Ok, group.Apply(GroupHarness.CreateRange(range: 9, start: "", end: "", keyspace: 3)).Single().Status);

    private ulong Grant(ulong seconds = 10) => (ulong)group.Apply(new GroupCommand { GrantLease = new GrantLease { TimeToLiveUs = seconds * Second } }).Single().Number;

    private CommandResult Acquire(string name, ulong lease, ulong sequence = 0)
    {
        var command = new AcquireLock { Lock = name, Lease = lease, Sequence = sequence };
        if (sequence != 0) (command.SessionGroup, command.SessionIndex) = (session.Group.Value, session.Index);
        return group.Apply(new GroupCommand { AcquireLock = command }).Single();
    }

    private CommandResult Release(string name, ulong token) => group.Apply(new GroupCommand { ReleaseLock = new ReleaseLock { Lock = name, Token = token } }).Single();

    private CommandResult Admit(string name, ulong token, ulong began) =>
        group.Apply(new GroupCommand { AdmitFence = new AdmitFence { Lock = name, Token = token, Began = began } }).Single();

    private CommandResult Remove(string name, ulong token) => group.Apply(new GroupCommand { RemoveFence = new RemoveFence { Lock = name, Token = token } }).Single();

    private static Command Fenced(string name, ulong token)
    {
        var command = GroupHarness.Increment("counter", 1);
        command.Fence = new Fence { Lock = name, Token = token };
        return command;
    }

    private static string Reason(CommandResult result) => Encoding.UTF8.GetString(result.Response!);

    [Fact]
    public void A_lock_is_taken_under_a_live_lease_of_its_group()
    {
        Assert.Equal(CommandStatus.EpochNotMatch, Acquire("a", Grant()).Status);
        MakeHome();
        Assert.Equal(CommandStatus.LeaseNotFound, Acquire("a", 1).Status);
        var lease = Grant();
        Assert.True(Acquire("a", lease).Flag);
        group.Time = 10 * Second;
        Assert.Equal(CommandStatus.LeaseNotFound, Acquire("b", lease).Status);
    }

    [Fact]
    public void Every_command_about_a_lock_is_refused_where_the_lock_is_not_at_home()
    {
        Assert.Equal(CommandStatus.EpochNotMatch, Release("a", 1).Status);
        Assert.Equal(CommandStatus.EpochNotMatch, group.Apply(new GroupCommand { WithdrawClaim = new WithdrawClaim { Lock = "a" } }).Single().Status);
        Assert.Equal(CommandStatus.EpochNotMatch, group.Apply(new GroupCommand { ProclaimValue = new ProclaimValue { Lock = "a" } }).Single().Status);
        Assert.Equal(CommandStatus.EpochNotMatch, group.Apply(new GroupCommand { RegisterFence = new RegisterFence { Lock = "a" } }).Single().Status);
        Assert.Equal(CommandStatus.EpochNotMatch, group.Apply(new GroupCommand { ConfirmFenceRemoval = new ConfirmFenceRemoval { Lock = "a" } }).Single().Status);
    }

    [Fact]
    public void At_home_a_write_is_applied_while_its_token_holds_the_lock_and_not_afterwards()
    {
        MakeHome();
        var (first, second) = (Grant(), Grant());
        var token = (ulong)Acquire("a", first).Number;
        Acquire("a", second);
        Assert.Equal(1, group.Apply(Fenced("a", token)).Number);
        Release("a", token);
        var refused = group.Apply(Fenced("a", token));
        Assert.Equal(CommandStatus.Fenced, refused.Status);
        Assert.Equal($"lock 'a': token {token} does not hold it any more; nothing changed", Reason(refused));
        Assert.Equal("1", group.Get("counter"));
        Assert.Equal(2, group.Apply(Fenced("a", (ulong)Acquire("a", second).Number)).Number);
    }

    [Fact]
    public void A_fence_of_a_lock_that_never_existed_is_refused_as_such()
    {
        MakeHome();
        var refused = group.Apply(Fenced("never", 1_000_000));
        Assert.Equal(CommandStatus.LockNotFound, refused.Status);
        Assert.Contains("lock 'never'", Reason(refused), StringComparison.Ordinal);
        Assert.Null(group.Get("counter"));
    }

    [Fact]
    public void The_end_of_a_lease_gives_its_lock_to_the_next_and_fences_it_out()
    {
        MakeHome();
        var (first, second) = (Grant(10), Grant(100));
        var token = (ulong)Acquire("a", first).Number;
        Acquire("a", second);
        group.Time = 10 * Second;
        Assert.Equal(CommandStatus.Ok, group.Apply(Fenced("a", token)).Status);
        group.Apply(new GroupCommand { AdvanceLeases = new AdvanceLeases() });
        Assert.Equal(CommandStatus.Fenced, group.Apply(Fenced("a", token)).Status);
        Assert.True(Acquire("a", second).Flag);
    }

    [Fact]
    public void A_repeated_acquisition_of_a_client_session_gets_its_first_result()
    {
        MakeHome();
        var lease = Grant();
        var first = Acquire("a", lease, sequence: 1);
        Release("a", (ulong)first.Number);
        Assert.Equal(first, Acquire("a", lease, sequence: 1));
        Assert.Null(group.Machine.Locks.Find("a"));
    }

    [Fact]
    public void A_repeated_acquisition_that_waited_gets_what_its_claim_has_come_to()
    {
        MakeHome();
        var (holder, lease) = (Grant(), Grant());
        var token = (ulong)Acquire("a", holder).Number;
        Assert.Equal(1, Acquire("a", lease, sequence: 1).Number);
        Assert.Equal((false, 1L), (Acquire("a", lease, sequence: 1).Flag, Acquire("a", lease, sequence: 1).Number));
        Release("a", token);
        var held = Acquire("a", lease, sequence: 1);
        Assert.True(held.Flag);
        Release("a", (ulong)held.Number);
        Assert.Equal(new CommandResult(CommandStatus.Ok, default), Acquire("a", lease, sequence: 1));
    }

    [Fact]
    public void In_another_group_a_token_counts_from_its_admission_to_its_removal()
    {
        Assert.Equal(CommandStatus.FenceUnregistered, group.Apply(Fenced("a", 5)).Status);
        var began = group.Machine.Applied.Value;
        Assert.Equal(CommandStatus.Ok, Admit("a", 5, began).Status);
        Assert.Equal(1, group.Apply(Fenced("a", 5)).Number);
        Remove("a", 5);
        Assert.Equal(CommandStatus.Fenced, group.Apply(Fenced("a", 5)).Status);
        Assert.Equal(CommandStatus.Fenced, Admit("a", 5, began).Status);
        Assert.Equal(CommandStatus.Fenced, group.Apply(Fenced("a", 5)).Status);
        Assert.Equal("1", group.Get("counter"));
    }

    [Fact]
    public void A_write_that_waits_for_its_registration_keeps_its_sequence()
    {
        Assert.Equal(CommandStatus.FenceUnregistered, group.Apply(session, 1, Fenced("a", 5)).Status);
        Admit("a", 5, group.Machine.Applied.Value);
        Assert.Equal(1, group.Apply(session, 1, Fenced("a", 5)).Number);
        Remove("a", 5);
        // The answer of a write that was applied stays what it was.
        Assert.Equal(1, group.Apply(session, 1, Fenced("a", 5)).Number);
        Assert.Equal(CommandStatus.Fenced, group.Apply(session, 2, Fenced("a", 5)).Status);
    }

    [Fact]
    public void Locks_and_fences_come_back_from_a_checkpoint_with_the_same_hash()
    {
        MakeHome();
        var (first, second) = (Grant(), Grant());
        var token = (ulong)Acquire("a", first).Number;
        Acquire("a", second);
        Acquire("b", second);
        group.Apply(new GroupCommand { RegisterFence = new RegisterFence { Lock = "a", Token = token, GroupId = 2 } });
        Release("a", token);
        Admit("elsewhere", 5, 1);
        Remove("elsewhere", 4);
        group.Checkpoint();
        Acquire("c", second);
        group.Apply(new GroupCommand { ConfirmFenceRemoval = new ConfirmFenceRemoval { Lock = "a", Token = token, GroupId = 2 } });
        var (hash, state) = (group.Machine.Hash, group.Machine.CaptureState().ToByteArray());
        group.CrashAndRecover();
        Assert.Equal(hash, group.Machine.Hash);
        Assert.Equal(state, group.Machine.CaptureState().ToByteArray());
        Assert.True(Acquire("a", second).Flag);
    }

    [Fact]
    public void The_validator_names_what_is_wrong_with_a_fence_and_collects_the_others()
    {
        Assert.Contains("operations[0].fence.lock is empty", Check(Fenced("", 1)).Message, StringComparison.Ordinal);
        Assert.Contains("operations[0].fence.token is 0", Check(Fenced("a", 0)).Message, StringComparison.Ordinal);
        Assert.Contains($"limit is {LockLimits.NameBytesMax}", Check(Fenced(new string('x', LockLimits.NameBytesMax + 1), 1)).Message, StringComparison.Ordinal);
        var batch = GroupHarness.Batch(Fenced("a", 1), GroupHarness.Put("a", "b"), Fenced("a", 1), Fenced("b", 2)).ToByteArray();
        Assert.Null(CommandValidator.Check(batch, CommandLimits.Default, out var validated));
        Assert.Equal([new WriteFence("a", 1), new WriteFence("b", 2)], validated.Fences!);
    }

    private static NodeError Check(Command command) => CommandValidator.Check(GroupHarness.Batch(command).ToByteArray(), CommandLimits.Default, out _)!;
}
