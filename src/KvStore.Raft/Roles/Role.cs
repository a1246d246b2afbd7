namespace KvStore.Raft.Roles;

/// <summary>What a replica does in one of its roles. Messages that come here are of the replica's term, but for pre-votes.</summary>
internal abstract class Role(Replica replica)
{
    protected Replica Replica { get; } = replica;
    protected RaftLog Log => Replica.Log;

    public abstract RaftRole Kind { get; }

    /// <summary>Promises to followers and to itself that forbid a vote until then; only a leader has some of its own.</summary>
    public virtual MonotonicTime PromisedUntil => new(long.MinValue);

    /// <summary>Somebody asks for a pre-vote while this replica asks for one itself, and is to be elected rather.</summary>
    public virtual bool ClaimsBefore(RaftMessage rival) => false;

    /// <summary>Every replica that this one sends entries to holds the log up to here.</summary>
    public virtual LogIndex HeldEverywhere => Log.Last;

    public virtual bool HasUnsent => Replica.Reads.HasWaiting;

    public virtual void Enter() { }
    public virtual void Leave() { }
    public abstract void Tick();
    public virtual void Flush() => Replica.Reads.Flush();
    public virtual void OnPersisted() { }
    public virtual void OnHardStatePersisted(HardState state) { }
    /// <summary>This replica granted somebody a pre-vote.</summary>
    public virtual void OnPreVoteGranted() { }
    public virtual void OnUnreachable(ReplicaId replica) { }
    public virtual void OnSnapshotReport(ReplicaId replica, SnapshotOutcome outcome, LogIndex index) { }
    public virtual ProposeResult Propose(ReadOnlyMemory<byte> payload) => new(ProposeStatus.NotLeader, LogIndex.None, Replica.Term);
    public virtual ProposeResult ProposeConfigurationChange(ConfigurationChange change) => new(ProposeStatus.NotLeader, LogIndex.None, Replica.Term);
    public virtual void ReadIndex(ulong requestId) => Replica.Reads.Add(requestId);
    public virtual bool TransferLeadership(ReplicaId target) => false;
    public virtual LeaderLease? Lease(MonotonicTime now) => null;

    public void Step(RaftMessage message)
    {
        switch (message.Kind)
        {
            case MessageKind.AppendEntries or MessageKind.Heartbeat or MessageKind.InstallSnapshot: OnLeaderMessage(message); break;
            case MessageKind.RequestVote: Replica.Voter.AnswerVote(message); break;
            case MessageKind.RequestPreVote: Replica.Voter.AnswerPreVote(message); break;
            case MessageKind.AppendEntriesResponse: OnAppendEntriesResponse(message); break;
            case MessageKind.HeartbeatResponse: OnHeartbeatResponse(message); break;
            case MessageKind.RequestVoteResponse or MessageKind.RequestPreVoteResponse: OnVoteResponse(message); break;
            case MessageKind.TimeoutNow: OnTimeoutNow(message); break;
            case MessageKind.ReadIndex: OnReadIndex(message); break;
            case MessageKind.ReadIndexResponse: Replica.Reads.OnResponse(message); break;
            default: break;
        }
    }

    protected abstract void OnLeaderMessage(RaftMessage message);
    protected virtual void OnAppendEntriesResponse(RaftMessage message) { }
    protected virtual void OnHeartbeatResponse(RaftMessage message) { }
    protected virtual void OnVoteResponse(RaftMessage message) { }
    protected virtual void OnTimeoutNow(RaftMessage message) { }

    /// <summary>Only a leader knows a read index.</summary>
    protected virtual void OnReadIndex(RaftMessage message) => Replica.Outbox.Send(new RaftMessage
    {
        Kind = MessageKind.ReadIndexResponse,
        From = Replica.Self,
        To = message.From,
        Term = Replica.Term,
        Round = message.Round,
        Reject = true,
    });

    /// <summary>Starts an election, or waits until the promise not to vote allows it, since a candidate votes for itself.</summary>
    public virtual void Campaign()
    {
        if (!Replica.MayCampaign) return;
        if (Replica.Configuration.IsSoleVoter(Replica.Self)) Replica.BecomeCandidate(CampaignKind.Timeout);
        else if (Replica.Now < Replica.Voter.NotBefore) Replica.CampaignNotBefore(Replica.Voter.NotBefore);
#if PLANTED
        else if (Plants.Has(PlantedBug.StalledDiskLeads) && Replica.IsDiskStalled) Replica.BecomePreCandidate();
#endif
        else if (Replica.IsDiskStalled) Replica.ResetElectionTimer();
#if PLANTED
        else if (Plants.Has(PlantedBug.NoPreVote)) Replica.BecomeCandidate(CampaignKind.Timeout);
#endif
        else Replica.BecomePreCandidate();
    }
}

internal enum CampaignKind
{
    Timeout,
    /// <summary>The leader asked for it with TimeoutNow.</summary>
    Transfer,
}
