using KvStore.Node.Calls;
using KvStore.Node.Commands;
using KvStore.Node.Replicas;
using KvStore.Node.StateMachine;
using KvStore.Raft;

namespace KvStore.Node.Locks;

/// <summary>
/// What the leader of a lock's home does so that the next token can be given out: it has every group that may still accept the last one apply its removal, and then says so in its own log.
/// It goes on until each has answered; all of it may happen twice, and a new leader begins anew from the applied state.
/// </summary>
internal sealed class LockDuties(GroupReplica replica, GroupCalls calls)
{
    private static readonly TimeSpan CallTimeout = TimeSpan.FromSeconds(5);
    /// <summary>How long a confirmation that has not shown its effect is waited for before everything is done again.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);
    /// <summary>Removals under way at once.</summary>
    private const int CallsMax = 1000;

    private readonly Dictionary<PendingRemoval, Telling> _telling = [];
    private IReadOnlyList<PendingRemoval> _known = [];

    /// <summary>One removal that is under way.</summary>
    private sealed class Telling
    {
        /// <summary>When it is begun again, in nanoseconds; written by callbacks on other workers, too.</summary>
        public long NotBefore;
    }

    public void Run(RaftNode raft, MonotonicTime now)
    {
        if (raft.Role != RaftRole.Leader || replica.Machine is not { } machine) return;
        var pending = machine.Locks.Removals;
        if (!ReferenceEquals(pending, _known)) ForgetDone(pending);
        for (var i = 0; i < pending.Count && i < CallsMax; i++) Tell(pending[i], now);
    }

    private void ForgetDone(IReadOnlyList<PendingRemoval> pending)
    {
        var left = pending.ToHashSet();
        foreach (var removal in _known)
            if (!left.Contains(removal)) _telling.Remove(removal);
        _known = pending;
    }

    private void Tell(PendingRemoval removal, MonotonicTime now)
    {
        if (!_telling.TryGetValue(removal, out var telling)) _telling.Add(removal, telling = new Telling());
        if (now.Nanoseconds < Volatile.Read(ref telling.NotBefore)) return;
        Volatile.Write(ref telling.NotBefore, (now + CallTimeout + Patience).Nanoseconds);
        var command = new GroupCommand { RemoveFence = new RemoveFence { Lock = removal.Lock, Token = removal.Token } };
        calls.Call(removal.Group, command, now + CallTimeout, CallRetry.UntilAnswered, (_, result, error) =>
        {
            if (error is null && result.Status == CommandStatus.Ok) Confirm(removal, telling, now);
            else Volatile.Write(ref telling.NotBefore, 0);
        });
    }

    private void Confirm(PendingRemoval removal, Telling telling, MonotonicTime began)
    {
        var confirmation = new ConfirmFenceRemoval { Lock = removal.Lock, Token = removal.Token, GroupId = removal.Group.Value };
        var proposal = new GroupProposal(new GroupCommand { ConfirmFenceRemoval = confirmation }, began + CallTimeout + Patience, (_, _, _) => Volatile.Write(ref telling.NotBefore, 0));
        replica.Loop.Post(new LoopInput(LoopInputKind.Propose, replica, proposal));
    }
}
