using KvStore.Node.StateMachine;
using KvStore.Raft;

namespace KvStore.Node.Replicas;

/// <summary>
/// The proposals of one group, on its loop: those that wait for the next entry, and those that stand in the log and wait for their commit. Everything that waits is
/// folded into one entry; while a few entries are in flight the next ones wait and grow.
/// </summary>
internal sealed class ProposalQueue(GroupReplica replica, EntryPayloadWriter writer, int entryBytesMax)
{
    /// <summary>Entries appended by this leader and not yet committed, beyond which proposals wait: enough to overlap replication with the next sync, few enough to grow batches under load.</summary>
    private const int EntriesInFlightMax = 4;

    private readonly Queue<WriteBatch> _batches = new();
    private readonly Queue<GroupProposal> _groupCommands = new();
    private readonly Queue<AppendedProposals> _appended = new();

    /// <summary>When, after leadership was lost, callers whose entries have not been decided are told that the outcome is unknown.</summary>
    private MonotonicTime? _failAppendedAt;

    public bool IsEmpty => _batches.Count == 0 && _groupCommands.Count == 0 && _appended.Count == 0;

    public void Add(WriteBatch batch) => _batches.Enqueue(batch);

    public void Add(GroupProposal proposal) => _groupCommands.Enqueue(proposal);

    /// <summary>Appends what waits, as far as the limits allow. Refuses all of it, definitely, when this replica cannot propose.</summary>
    public void Fold(RaftNode raft, Time.GroupClock clock, MonotonicTime now)
    {
        while ((_batches.Count > 0 || _groupCommands.Count > 0) && _appended.Count < EntriesInFlightMax)
        {
            if (raft.Role != RaftRole.Leader)
            {
                RefuseWaiting(replica.NotLeaderError());
                return;
            }
            if (!FoldOne(raft, clock, now)) return;
        }
    }

    private bool FoldOne(RaftNode raft, Time.GroupClock clock, MonotonicTime now)
    {
        var batches = new List<WriteBatch>(_batches.Count);
        var commands = new List<GroupProposal>();
        var time = clock.At(now);
        writer.Begin(time);
        while (_batches.TryPeek(out var batch))
        {
            if (batch.Deadline < now)
            {
                replica.Unqueue(_batches.Dequeue());
                batch.Failed(NotProposedInTime());
                continue;
            }
            if (batches.Count > 0 && writer.Length + batch.Commands.Length > entryBytesMax) break;
            writer.Add(_batches.Dequeue().Commands.Span);
            batches.Add(batch);
        }
        FoldGroupCommands(commands, now);
        if (batches.Count == 0 && commands.Count == 0) return true;

        var result = raft.Propose(writer.Finish(), now);
        foreach (var batch in batches) replica.Unqueue(batch);
        var appended = new AppendedProposals(result.Index, result.Term, batches, commands);
        if (result.Status == ProposeStatus.Accepted)
        {
            _appended.Enqueue(appended);
            _failAppendedAt = null;
            clock.Set(time, now);
            return true;
        }
#if PLANTED
        if (Plants.Has(PlantedBug.TransferDropsProposals) && result.Status == ProposeStatus.Transferring) return false;
#endif
        appended.Fail(Refusal(result));
        return false;
    }

    private void FoldGroupCommands(List<GroupProposal> commands, MonotonicTime now)
    {
        var named = false;
        while (_groupCommands.TryPeek(out var proposal) && writer.Length < entryBytesMax && !(named && proposal.NamedByIndex))
        {
            _groupCommands.Dequeue();
            if (proposal.Deadline < now)
            {
                proposal.Completed(LogIndex.None, default, NotProposedInTime());
                continue;
            }
            named |= proposal.NamedByIndex;
            writer.Add(proposal.Command);
            commands.Add(proposal);
        }
    }

    /// <summary>The callers of a committed entry; null when nobody here waits for it. Entries that another leader wrote over these callers' ones end their wait.</summary>
    public AppendedProposals? Take(Entry committed)
    {
        while (_appended.TryPeek(out var appended) && appended.Index <= committed.Index)
        {
            _appended.Dequeue();
            if (appended.Index == committed.Index && appended.Term == committed.Term) return appended;
            appended.Fail(LostLeadership());
        }
        return null;
    }

    /// <summary>What waits was not appended and never will be by this replica. What was appended may still be committed by the next leader: it gets until <paramref name="failAppendedAt"/>.</summary>
    public void LeadershipLost(MonotonicTime failAppendedAt)
    {
        RefuseWaiting(replica.NotLeaderError());
        _failAppendedAt = failAppendedAt;
    }

    public void FailUndecided(MonotonicTime now)
    {
        if (_failAppendedAt is not { } at || now < at) return;
        _failAppendedAt = null;
        FailAppended(LostLeadership());
    }

    public void RefuseWaiting(NodeError definite)
    {
        while (_batches.TryDequeue(out var batch))
        {
            replica.Unqueue(batch);
#if PLANTED
            if (Plants.Has(PlantedBug.OverloadDropped) && definite.Code == NodeErrorCode.ResourceExhausted) continue;
#endif
            batch.Failed(definite);
        }
        while (_groupCommands.TryDequeue(out var proposal)) proposal.Completed(LogIndex.None, default, definite);
    }

    public void FailAppended(NodeError error)
    {
        while (_appended.TryDequeue(out var appended)) appended.Fail(error);
    }

    private NodeError Refusal(ProposeResult result) => result.Status switch
    {
        ProposeStatus.NotLeader => replica.NotLeaderError(),
        ProposeStatus.Transferring => new NodeError(NodeErrorCode.NotLeader, $"group {replica.Group} is handing leadership to another node") { RetryAfter = TimeSpan.FromMilliseconds(10) },
        _ => new NodeError(NodeErrorCode.ResourceExhausted, $"group {replica.Group} has too many uncommitted bytes") { RetryAfter = TimeSpan.FromMilliseconds(100) },
    };

    private static NodeError NotProposedInTime() => new(NodeErrorCode.DeadlineExceeded, "the deadline passed before the write was proposed");

    private NodeError LostLeadership() =>
        new(NodeErrorCode.NotLeader, $"this node lost the leadership of group {replica.Group} after it had proposed the write")
        {
#if PLANTED
            OutcomeUnknown = !Plants.Has(PlantedBug.NotLeaderAfterProposing),
#else
            OutcomeUnknown = true,
#endif
            LeaderNode = replica.View.Leader,
        };
}
