using KvStore.Node.Commands;
using KvStore.Node.StateMachine;
using KvStore.Raft;

namespace KvStore.Node.Locks;

/// <summary>
/// Applies the group commands about locks and fences. <see cref="CommandResult.Flag"/> and <see cref="CommandResult.Number"/> mean what <see cref="LockTable"/> says of each.
/// </summary>
internal sealed class LockCommands(RangeTable ranges, SessionTable sessions, LockTable locks, FenceTable fences, Func<ulong, CommandStatus> leaseStanding)
{
    private static readonly CommandResult NotOwner = new(CommandStatus.EpochNotMatch, default);
    private static readonly CommandResult Refused = new(CommandStatus.InvalidArgument, default);

    private LogIndex index;
    private ulong groupTime;

    public void BeginEntry(LogIndex entry, ulong time) => (index, groupTime) = (entry, time);

    /// <summary>Null when it is no command about locks.</summary>
    public CommandResult? Apply(GroupCommand command) => command.CommandCase switch
    {
        GroupCommand.CommandOneofCase.AcquireLock => IsHome(command.AcquireLock.Route, command.AcquireLock.Lock) ? AcquireOnce(command.AcquireLock) : NotOwner,
        GroupCommand.CommandOneofCase.ReleaseLock => IsHome(command.ReleaseLock.Route, command.ReleaseLock.Lock)
            ? locks.Release(command.ReleaseLock.Lock, command.ReleaseLock.Token, index) : NotOwner,
        GroupCommand.CommandOneofCase.WithdrawClaim => IsHome(command.WithdrawClaim.Route, command.WithdrawClaim.Lock)
            ? locks.Withdraw(command.WithdrawClaim.Lock, command.WithdrawClaim.Lease, index) : NotOwner,
        GroupCommand.CommandOneofCase.ProclaimValue => IsHome(command.ProclaimValue.Route, command.ProclaimValue.Lock)
            ? locks.Proclaim(command.ProclaimValue.Lock, command.ProclaimValue.Token, command.ProclaimValue.Value.Memory) : NotOwner,
        GroupCommand.CommandOneofCase.RegisterFence => IsHome(command.RegisterFence.Route, command.RegisterFence.Lock)
            ? locks.Register(command.RegisterFence.Lock, command.RegisterFence.Token, new GroupId(command.RegisterFence.GroupId)) : NotOwner,
        GroupCommand.CommandOneofCase.ConfirmFenceRemoval => IsHome(command.ConfirmFenceRemoval.Route, command.ConfirmFenceRemoval.Lock)
            ? locks.ConfirmRemoval(command.ConfirmFenceRemoval.Lock, command.ConfirmFenceRemoval.Token, new GroupId(command.ConfirmFenceRemoval.GroupId), index) : NotOwner,
        GroupCommand.CommandOneofCase.AdmitFence => new CommandResult(fences.Admit(command.AdmitFence.Lock, command.AdmitFence.Token, new LogIndex(command.AdmitFence.Began)), default),
        GroupCommand.CommandOneofCase.RemoveFence => Remove(command.RemoveFence),
        _ => null,
    };

    /// <summary>What apply says to a write under this fence, whatever group owns the lock: Ok, Fenced, LockNotFound, or FenceUnregistered.</summary>
    public CommandStatus Check(string name, ulong token) =>
        ranges.Find(KeyspaceId.System, LockKeys.KeyOf(name)) is not null ? locks.Check(name, token) : fences.Check(name, token);

    private bool IsHome(Route? route, string name) =>
        route is not null && ranges.Find(new RangeRoute(new RangeId(route.RangeId), route.Epoch)) is { } range
        && range.Descriptor.Keyspace == KeyspaceId.System && range.Descriptor.Contains(LockKeys.KeyOf(name));

    private CommandResult AcquireOnce(AcquireLock command)
    {
        if (command.Sequence == 0) return Acquire(command);
        if (sessions.Use(new SessionId(new GroupId(command.SessionGroup), command.SessionIndex), groupTime) is not { } session) return new CommandResult(CommandStatus.SessionExpired, default);
        sessions.Acknowledge(session, command.LowestAwaited);
        switch (session.Find(command.Sequence, out var answer))
        {
            case SequenceState.Answered: return Repeat(command, answer.Result);
            case SequenceState.Acknowledged: return new CommandResult(CommandStatus.SessionExpired, default);
            case SequenceState.TooFarAhead: return Refused;
            default:
                var result = Acquire(command);
                sessions.Keep(session, new StoredAnswer(command.Sequence, new RangeId(command.Route.RangeId), result));
                return result;
        }
    }

    /// <summary>The first result; of a claim that waited then, what it has come to.</summary>
    private CommandResult Repeat(AcquireLock command, in CommandResult first)
    {
        if (first is not { Status: CommandStatus.Ok, Flag: false, Number: > 0 }) return first;
        return locks.ResultFor(command.Lock, command.Lease) ?? new CommandResult(CommandStatus.Ok, default);
    }

    private CommandResult Acquire(AcquireLock command)
    {
        if (leaseStanding(command.Lease) is var standing and not CommandStatus.Ok) return new CommandResult(standing, default);
        return locks.Acquire(command.Lock, command.Lease, command.Value.Memory, command.Waiting, index);
    }

    private CommandResult Remove(RemoveFence command)
    {
        if (LockLimits.Refuse(command.Lock) is not null) return Refused;
        fences.Remove(command.Lock, command.Token, index);
        return new CommandResult(CommandStatus.Ok, default, Flag: true);
    }
}
