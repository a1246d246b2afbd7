using KvStore.Node.Commands;
using KvStore.Node.Leases;
using KvStore.Node.StateMachine;
using KvStore.Raft;

namespace KvStore.Node.Locks;

/// <summary>
/// Applies the group commands about locks and fences. <see cref="CommandResult.Flag"/> and <see cref="CommandResult.Number"/> mean what <see cref="LockTable"/> says of each.
/// </summary>
internal sealed class LockCommands(RangeTable ranges, SessionTable sessions, LeaseTable leases, LockTable locks, FenceTable fences)
{
    private LogIndex index;
    private ulong groupTime;

    public void BeginEntry(LogIndex entry, ulong time) => (index, groupTime) = (entry, time);

    /// <summary>Null when it is no command about locks.</summary>
    public CommandResult? Apply(GroupCommand command) => command.CommandCase switch
    {
        GroupCommand.CommandOneofCase.AcquireLock => Apply(command.AcquireLock),
        GroupCommand.CommandOneofCase.ReleaseLock => Apply(command.ReleaseLock),
        GroupCommand.CommandOneofCase.WithdrawClaim => Apply(command.WithdrawClaim),
        GroupCommand.CommandOneofCase.ProclaimValue => Apply(command.ProclaimValue),
        GroupCommand.CommandOneofCase.RegisterFence => Apply(command.RegisterFence),
        GroupCommand.CommandOneofCase.ConfirmFenceRemoval => Apply(command.ConfirmFenceRemoval),
        GroupCommand.CommandOneofCase.AdmitFence => Apply(command.AdmitFence),
        GroupCommand.CommandOneofCase.RemoveFence => Apply(command.RemoveFence),
        _ => null,
    };

    private CommandResult Apply(ReleaseLock command) => RefuseUnlessHome(command.Lock) ?? locks.Release(command.Lock, command.Token, index);
    private CommandResult Apply(WithdrawClaim command) => RefuseUnlessHome(command.Lock) ?? locks.Withdraw(command.Lock, command.Lease, index);
    private CommandResult Apply(ProclaimValue command) => RefuseUnlessHome(command.Lock) ?? locks.Proclaim(command.Lock, command.Token, command.Number, command.Value.Memory);
    private CommandResult Apply(RegisterFence command) => RefuseUnlessHome(command.Lock) ?? locks.Register(command.Lock, command.Token, new GroupId(command.GroupId));
    private CommandResult Apply(ConfirmFenceRemoval command) =>
        RefuseUnlessHome(command.Lock) ?? locks.ConfirmRemoval(command.Lock, command.Token, new GroupId(command.GroupId), index);

    private CommandResult Apply(AdmitFence command) => new(fences.Admit(command.Lock, command.Token, new LogIndex(command.Began)), default);

    private CommandResult Apply(RemoveFence command)
    {
        if (LockLimits.Refuse(command.Lock) is not null) return new CommandResult(CommandStatus.InvalidArgument, default);
        fences.Remove(command.Lock, command.Token, index);
        return new CommandResult(CommandStatus.Ok, default, Flag: true);
    }

    private HostedRange? HomeRange(string name) => ranges.Find(KeyspaceId.System, LockKeys.KeyOf(name));

    private CommandResult? RefuseUnlessHome(string name) => HomeRange(name) is null ? new CommandResult(CommandStatus.EpochNotMatch, default) : null;

    /// <summary>Once for a sequence of a client session, if it names one.</summary>
    private CommandResult Apply(AcquireLock command)
    {
        if (HomeRange(command.Lock) is not { } range) return new CommandResult(CommandStatus.EpochNotMatch, default);
        if (command.Sequence == 0) return Acquire(command);
        if (sessions.Use(new SessionId(new GroupId(command.SessionGroup), command.SessionIndex), groupTime) is not { } session) return new CommandResult(CommandStatus.SessionExpired, default);
        sessions.Acknowledge(session, command.LowestAwaited);
        switch (session.Find(command.Sequence, out var answer))
        {
            case SequenceState.Answered: return Repeat(command, answer.Result);
            case SequenceState.Acknowledged: return new CommandResult(CommandStatus.SessionExpired, default);
            case SequenceState.TooFarAhead: return new CommandResult(CommandStatus.InvalidArgument, default);
            default:
                var result = Acquire(command);
                // There may be room later: the same sequence is tried again.
                if (result.Status == CommandStatus.ResourceExhausted) return result;
                sessions.Keep(session, new StoredAnswer(command.Sequence, range.Descriptor.Id, result));
                return result;
        }
    }

    /// <summary>The first result; of a claim that waited then, what it has come to.</summary>
    private CommandResult Repeat(AcquireLock command, in CommandResult first) =>
        first is { Status: CommandStatus.Ok, Flag: false, Number: > 0 } ? locks.ResultFor(command.Lock, command.Lease) ?? new CommandResult(CommandStatus.Ok, default) : first;

    private CommandResult Acquire(AcquireLock command)
    {
        if (leases.Find(new LeaseId(command.Lease)) is not { IsOwn: true } lease || !leases.IsLive(lease.Id)) return new CommandResult(CommandStatus.LeaseNotFound, default);
        return locks.Acquire(command.Lock, command.Lease, command.Value.Memory, command.Waiting, index);
    }
}
