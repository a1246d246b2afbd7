using KvStore.Node.Calls;
using KvStore.Node.Commands;
using KvStore.Node.Replicas;
using KvStore.Node.StateMachine;
using KvStore.Node.Time;
using KvStore.Raft;

namespace KvStore.Node.Leases;

/// <summary>
/// What the leader of a group does for its leases: it proposes an entry when the next deadline has passed in group time, goes on until the keys of ended leases are deleted, and tells the
/// groups that hold keys of them. All of it may happen twice, and a new leader begins anew from the applied state.
/// </summary>
internal sealed class LeaseDuties(GroupReplica replica, GroupCalls calls)
{
    /// <summary>How long a proposal that has not shown its effect is waited for before it is made again.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan CallTimeout = TimeSpan.FromSeconds(5);

    /// <summary>So much of the time that has passed is lost to leases when all nodes stop at once: an idle group that has leases writes its time down so often.</summary>
    private static readonly TimeSpan TimeKeptEvery = TimeSpan.FromSeconds(10);

    private readonly SortedDictionary<GroupId, Telling> _telling = [];
    private long _advancingUntil;

    /// <summary>One other group that is being told.</summary>
    private sealed class Telling
    {
        /// <summary>Written by callbacks on other workers, too.</summary>
        public long NotBefore;
    }

    public void Run(RaftNode raft, ProposalQueue proposals, GroupClock clock, MonotonicTime now)
    {
        if (raft.Role != RaftRole.Leader || replica.Machine is not { } machine) return;
        var agenda = machine.Leases.Agenda;
#if PLANTED
        if (Plants.Has(PlantedBug.OldLeaderEndsLeases) && now.Nanoseconds >= Volatile.Read(ref _advancingUntil))
            foreach (var due in machine.Leases.DueAt(clock.At(now))) proposals.Add(new GroupProposal(new GroupCommand { RevokeLease = new RevokeLease { Lease = due.Value } }, now + Patience, static (_, _, _) => { }));
#endif
        if (agenda.IsCollecting || agenda.NextDeadline <= clock.At(now) || (agenda.NextDeadline != ulong.MaxValue && clock.Alone(now) >= TimeKeptEvery)) Advance(proposals, now);
        foreach (var release in agenda.Releases) Tell(release, now);
    }

    private void Advance(ProposalQueue proposals, MonotonicTime now)
    {
        if (now.Nanoseconds < Volatile.Read(ref _advancingUntil)) return;
        Volatile.Write(ref _advancingUntil, (now + Patience).Nanoseconds);
        proposals.Add(new GroupProposal(new GroupCommand { AdvanceLeases = new AdvanceLeases() }, now + Patience, (index, _, error) =>
        {
#if PLANTED
            if (Plants.Has(PlantedBug.LeaseNeverEnds) && error is not null)
            {
                Volatile.Write(ref _advancingUntil, long.MaxValue);
                return;
            }
#endif
            Volatile.Write(ref _advancingUntil, 0);
            // There may be more to do: the loop looks at once, not with its next tick.
            if (error is null) replica.Loop.Post(new LoopInput(LoopInputKind.Applied, replica, Number: index.Value));
        }));
    }

    private void Tell(LeaseRelease release, MonotonicTime now)
    {
        if (!_telling.TryGetValue(release.User, out var telling)) _telling.Add(release.User, telling = new Telling());
        if (now.Nanoseconds < Volatile.Read(ref telling.NotBefore)) return;
        Volatile.Write(ref telling.NotBefore, (now + CallTimeout + Patience).Nanoseconds);
        var leases = release.Leases.Select(lease => lease.Value).ToList();
        calls.Call(release.User, new GroupCommand { EndLeases = new EndLeases { Leases = { leases } } }, now + CallTimeout, CallRetry.UntilAnswered, (_, result, error) =>
        {
            if (error is null && result is { Status: CommandStatus.Ok, Flag: true }) Release(release.User, leases, telling, now);
            else Volatile.Write(ref telling.NotBefore, 0);
        });
    }

    private void Release(GroupId user, List<ulong> leases, Telling telling, MonotonicTime now)
    {
        var command = new GroupCommand { ReleaseLeases = new ReleaseLeases { Leases = { leases }, Group = user.Value } };
        var proposal = new GroupProposal(command, now + CallTimeout + Patience, (_, _, _) => Volatile.Write(ref telling.NotBefore, 0));
        replica.Loop.Post(new LoopInput(LoopInputKind.Propose, replica, proposal));
    }
}
