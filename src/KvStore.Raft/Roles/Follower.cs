namespace KvStore.Raft.Roles;

/// <summary>Takes what the leader sends (paper §5.3), forwards reads, and campaigns when it hears nothing.</summary>
internal sealed class Follower(Replica replica) : Role(replica)
{
    public override RaftRole Kind => RaftRole.Follower;

    public override void Tick()
    {
        Replica.Reads.Tick();
        if (Replica.Now < Replica.ElectionDue) return;
        if (Replica.MayCampaign) Campaign();
        else Replica.ResetElectionTimer();
    }

    /// <summary>A snapshot is of committed entries, so it is welcome even when its sender no longer leads. Today's leader is told.</summary>
    public void OnSnapshotOfOlderTerm(RaftMessage message)
    {
        Take(message);
        if (Replica.Leader != ReplicaId.None) Accept(Replica.Leader, Log.Commit);
    }

    protected override void OnLeaderMessage(RaftMessage message)
    {
        Replica.HeardLeader(message.From);
        switch (message.Kind)
        {
            case MessageKind.AppendEntries: OnAppendEntries(message); break;
            case MessageKind.Heartbeat: OnHeartbeat(message); break;
            default: OnInstallSnapshot(message); break;
        }
    }

    protected override void OnTimeoutNow(RaftMessage message)
    {
        if (message.From != Replica.Leader || !Replica.Configuration.IsVoter(Replica.Self)) return;
        Replica.BecomeCandidate(CampaignKind.Transfer);
    }

    private void OnAppendEntries(RaftMessage message)
    {
        if (!IsWellFormed(message)) return;
        if (message.Index < Log.Commit)
        {
            // Old news: everything up to the commit index agrees with every leader of this term.
            Accept(message.From, Log.Commit);
            return;
        }
        if (!Log.Matches(message.Index, message.LogTerm))
        {
            Refuse(message);
            return;
        }
        var last = message.Index + (ulong)message.Entries.Count;
        AppendNew(message.Entries);
#if PLANTED
        if (Plants.Has(PlantedBug.CommitBeyondMatched)) CommitTo(LogIndex.Min(message.Commit, Log.Last));
#endif
        CommitTo(LogIndex.Min(message.Commit, last));
#if PLANTED
        if (Plants.Has(PlantedBug.AcceptBeforeSync))
        {
            Replica.Outbox.Send(new RaftMessage { Kind = MessageKind.AppendEntriesResponse, From = Replica.Self, To = message.From, Term = Replica.Term, Index = last });
            return;
        }
#endif
        Accept(message.From, last);
    }

    /// <summary>Skips what the log already holds: a late or repeated message must not truncate what came after it.</summary>
    private void AppendNew(IReadOnlyList<Entry> entries)
    {
#if PLANTED
        if (Plants.Has(PlantedBug.TruncateOnStaleAppend) && entries.Count > 0)
        {
            Replica.TruncateFrom(entries[0].Index);
            foreach (var entry in entries) Replica.Append(entry);
            return;
        }
#endif
        var i = 0;
        while (i < entries.Count && Log.Matches(entries[i].Index, entries[i].Term)) i++;
        if (i == entries.Count) return;
        if (entries[i].Index <= Log.Last) Replica.TruncateFrom(entries[i].Index);
        for (; i < entries.Count; i++) Replica.Append(entries[i]);
    }

    private void Refuse(RaftMessage message)
    {
        var hint = Log.LastAtMost(message.Index, message.LogTerm);
        Replica.Outbox.Send(new RaftMessage
        {
            Kind = MessageKind.AppendEntriesResponse,
            From = Replica.Self,
            To = message.From,
            Term = Replica.Term,
            Index = message.Index,
            Reject = true,
            HintIndex = hint,
            LogTerm = Log.TermAt(hint),
        });
    }

    private void OnHeartbeat(RaftMessage message)
    {
#if PLANTED
        if (Plants.Has(PlantedBug.HeartbeatCommitsUnmatched)) CommitTo(LogIndex.Min(message.Commit, Log.Last));
        if (Plants.Has(PlantedBug.HeartbeatCommitsBeyondLog)) CommitTo(message.Commit);
#endif
        // More than the log holds: this replica lost entries that it had acknowledged. Taking less than it was told is always safe.
        if (message.Commit <= Log.Last) CommitTo(message.Commit);
        if (message.Round == 0) return;
        // Leaves before the term is synced: it speaks for no vote and no entry, and the promise not to vote survives a restart by time alone.
        Replica.Outbox.Send(new RaftMessage
        {
            Kind = MessageKind.HeartbeatResponse,
            From = Replica.Self,
            To = message.From,
            Term = Replica.Term,
            Round = message.Round,
        });
    }

    private void OnInstallSnapshot(RaftMessage message)
    {
        Take(message);
        Accept(message.From, Log.Commit);
    }

    private void Take(RaftMessage snapshot)
    {
#if PLANTED
        if (Plants.Has(PlantedBug.OlderSnapshotInstalled) && snapshot.Configuration is not null && snapshot.Index <= Log.Commit)
        {
            Log.Reset(snapshot.Index, snapshot.LogTerm);
            Replica.Configurations.Reset(snapshot.Index, snapshot.Configuration);
            Replica.Outbox.Installed(new SnapshotMetadata(snapshot.Index, snapshot.LogTerm, snapshot.Configuration));
            return;
        }
#endif
        if (snapshot.Configuration is null || snapshot.Index <= Log.Commit) return;
        if (Log.Matches(snapshot.Index, snapshot.LogTerm))
        {
            Log.CommitTo(snapshot.Index);
            return;
        }
        Log.Reset(snapshot.Index, snapshot.LogTerm);
#if PLANTED
        if (Plants.Has(PlantedBug.SnapshotWithoutConfiguration))
        {
            var old = Replica.Configuration;
            Replica.Configurations.Reset(snapshot.Index, old);
            Replica.Outbox.Installed(new SnapshotMetadata(snapshot.Index, snapshot.LogTerm, old));
            return;
        }
#endif
        Replica.Configurations.Reset(snapshot.Index, snapshot.Configuration);
        Replica.Outbox.Installed(new SnapshotMetadata(snapshot.Index, snapshot.LogTerm, snapshot.Configuration));
    }

    private void CommitTo(LogIndex index)
    {
        if (index > Log.Commit) Log.CommitTo(index);
    }

    /// <summary>Says that the log durably matches up to <paramref name="index"/>: never before the sync.</summary>
    private void Accept(ReplicaId leader, LogIndex index) => Replica.Outbox.AcknowledgeAfterSync(new RaftMessage
    {
        Kind = MessageKind.AppendEntriesResponse,
        From = Replica.Self,
        To = leader,
        Term = Replica.Term,
        Index = index,
    });

    private static bool IsWellFormed(RaftMessage message)
    {
        var term = message.LogTerm;
        for (var i = 0; i < message.Entries.Count; i++)
        {
            var entry = message.Entries[i];
            if (entry.Index != message.Index + (ulong)(i + 1) || entry.Term < term || entry.Term > message.Term) return false;
            term = entry.Term;
        }
        return true;
    }
}
