using KvStore.Raft.Replication;

namespace KvStore.Raft.Roles;

/// <summary>Replicates its log, proves by rounds of heartbeats that it still leads, and answers proposals and reads (paper §5.3, dissertation §6.4).</summary>
internal sealed class Leader(Replica replica) : Role(replica)
{
    private readonly ProgressTable _progress = new(replica.Self);
    private readonly SentRounds _rounds = new();
    private readonly PendingReads _reads = new(replica.Options.PendingReadsMax);
    private readonly LeadershipTransfer _transfer = new();
    private readonly Appender _appender = new(replica);
    private readonly LogIndex _termStart = replica.Log.Last.Next;
    /// <summary>How long a lease holds from the sending of a round that a quorum answered.</summary>
    private readonly TimeSpan _leaseTime = LeaseTimeOf(replica.Options);
    private MonotonicTime _heartbeatDue = replica.Now;
    private MonotonicTime _lastTick = replica.Now;
    private MonotonicTime _stepDownNotBefore = replica.Now;
    private bool _unsent;
    /// <summary>A follower was left without a commit index that no entry has brought it yet.</summary>
    private bool _owesCommit;
    /// <summary>A tick has come upon that: the next flush tells it.</summary>
    private bool _tellsCommit;

    public override RaftRole Kind => RaftRole.Leader;

    public override bool HasUnsent => _unsent || (_reads.HasWaiting && HasCommittedInTerm);

    public override LogIndex HeldEverywhere => _progress.LeastMatch(Log.Last);

    public IReadOnlyList<Progress> Followers => _progress.Others;

    /// <summary>Only then does the leader know everything that earlier terms committed (paper §5.4.2).</summary>
    private bool HasCommittedInTerm => Log.Commit >= _termStart;

    public override MonotonicTime PromisedUntil => _progress.QuorumRoundSent() + Replica.Options.ElectionTimeoutMin;

    public override void Enter()
    {
        _progress.Configure(Replica.Configuration, Log.Last.Next, Replica.Now);
        Append(EntryKind.TermStart, default);
        UpdateOwn();
        StartRound();
    }

    public override void Leave()
    {
        Replica.Voter.PromiseUntil(PromisedUntil);
        foreach (var read in _reads.TakeAll()) Answer(read, LogIndex.None, failed: true);
    }

    public override void Campaign() { }

    public override void Tick()
    {
        var now = Replica.Now;
        // After a pause the answers may be waiting in the inbox: give them time before concluding that there are none.
        if (now >= _lastTick + Replica.Options.ElectionTimeoutMin) _stepDownNotBefore = now + Replica.Options.HeartbeatInterval * 2;
        _lastTick = now;
#if PLANTED
        if (!Plants.Has(PlantedBug.TransferNeverEnds))
#endif
        if (_transfer.IsActive && now >= _transfer.Until) _transfer.Abort();
        UpdateOwn();
        if (now >= _stepDownNotBefore)
        {
#if PLANTED
            if (!Plants.Has(PlantedBug.NoCheckQuorum))
#endif
            if (now >= _progress.QuorumContact() + Replica.Options.ElectionTimeoutMax)
            {
                Replica.BecomeFollower(Replica.Term, ReplicaId.None);
                return;
            }
#if PLANTED
            if (Replica.IsDiskStalled && Plants.Has(PlantedBug.LeaderReusesIndex))
            {
                Replica.TruncateFrom(LogIndex.Max(Log.Persisted, Log.Commit).Next);
                _stepDownNotBefore = now + Replica.Options.DiskStallMax;
                return;
            }
            if (Plants.Has(PlantedBug.StalledDiskLeads)) { }
            else
#endif
            if (Replica.IsDiskStalled)
            {
                Abdicate();
                return;
            }
        }
        if (now >= _heartbeatDue) StartRound();
        if (_owesCommit) _unsent = _tellsCommit = true;
    }

    public override void Flush()
    {
        if (_reads.HasWaiting && HasCommittedInTerm) StartRound();
        if (!_unsent) return;
        _unsent = false;
        var tellsCommit = _tellsCommit || !Replica.Options.CommitWaitsForTick;
        _tellsCommit = _owesCommit = false;
        foreach (var progress in _progress.Others) _owesCommit |= _appender.Send(progress, tellsCommit);
    }

    public override ProposeResult Propose(ReadOnlyMemory<byte> payload)
    {
        if (Refusal() is { } refusal) return refusal;
        var bytes = payload.Length + Entry.OverheadBytes;
#if PLANTED
        if (!Plants.Has(PlantedBug.UncommittedUnbounded))
#endif
        if (Log.UncommittedBytes > 0 && Log.UncommittedBytes + bytes > Replica.Options.UncommittedBytesMax)
            return new ProposeResult(ProposeStatus.Overloaded, LogIndex.None, Replica.Term, "too many bytes wait to be committed");
        var entry = Append(EntryKind.Normal, payload);
        return new ProposeResult(ProposeStatus.Accepted, entry.Index, entry.Term);
    }

    public override ProposeResult ProposeConfigurationChange(ConfigurationChange change)
    {
        if (Refusal() is { } refusal) return refusal;
        // The first entry of the term must be committed, or two leaders' changes could both win (Ongaro's correction of 2015).
        string? reason;
        Configuration? next = null;
#if PLANTED
        if (Plants.Has(PlantedBug.ChangeBeforeTermCommit) && Replica.Configurations.LatestIndex <= Log.Commit) Replica.Configuration.TryApply(change, out next, out reason);
        else if (Plants.Has(PlantedBug.TwoChangesAtOnce) && HasCommittedInTerm) Replica.Configuration.TryApply(change, out next, out reason);
        else
#endif
        if (!HasCommittedInTerm) reason = "no entry of this term is committed yet";
        else if (Replica.Configurations.LatestIndex > Log.Commit) reason = "the change before it is not committed yet";
        else Replica.Configuration.TryApply(change, out next, out reason);
        if (next is null) return new ProposeResult(ProposeStatus.ConfigurationChangeRefused, LogIndex.None, Replica.Term, reason);
        var entry = Append(EntryKind.ConfigurationChange, next.Encode());
        return new ProposeResult(ProposeStatus.Accepted, entry.Index, entry.Term);
    }

    public override void ReadIndex(ulong requestId)
    {
        var read = new PendingReads.Read(Replica.Self, requestId);
        if (!_reads.TryAdd(read)) Answer(read, LogIndex.None, failed: true);
    }

    protected override void OnReadIndex(RaftMessage message)
    {
        var read = new PendingReads.Read(message.From, message.Round);
        if (!_reads.TryAdd(read)) Answer(read, LogIndex.None, failed: true);
    }

    public override bool TransferLeadership(ReplicaId target)
    {
        if (_transfer.IsActive && _transfer.Target == target) return true;
        if (target == Replica.Self || !Replica.Configuration.IsVoter(target) || _progress.Find(target) is not { } progress) return false;
        _transfer.Start(target, Replica.Now + Replica.Options.ElectionTimeoutMax);
        if (progress.Match == Log.Last) SendTimeoutNow(target);
        return true;
    }

    public override LeaderLease? Lease(MonotonicTime now)
    {
        if (!HasCommittedInTerm || _transfer.LeaseGivenUp || _progress.Own is not { } own) return null;
        own.SetOwn(Log.Persisted, _rounds.Newest, now > Replica.Now ? now : Replica.Now);
        return new LeaderLease(Replica.Term, _progress.QuorumRoundSent() + _leaseTime);
    }

    private static TimeSpan LeaseTimeOf(RaftOptions options)
    {
#if PLANTED
        if (Plants.Has(PlantedBug.LeaseIgnoresDrift)) return options.ElectionTimeoutMin;
#endif
        return options.ElectionTimeoutMin * (1 - options.ClockDriftMax);
    }

    public override void OnPersisted()
    {
        UpdateOwn();
        CommitWhatQuorumHolds();
    }

    public override void OnUnreachable(ReplicaId replica)
    {
        if (_progress.Find(replica) is { State: ProgressState.Replicate } progress) progress.BecomeProbe();
    }

    public override void OnSnapshotReport(ReplicaId replica, SnapshotOutcome outcome, LogIndex index)
    {
        if (_progress.Find(replica) is not { State: ProgressState.Snapshot } progress) return;
#if PLANTED
        if (Plants.Has(PlantedBug.SnapshotFailureForgotten) && outcome != SnapshotOutcome.Sent) return;
#endif
        progress.SnapshotEnded(outcome == SnapshotOutcome.Sent ? LogIndex.Min(index, Log.Last) : LogIndex.None);
    }

    protected override void OnLeaderMessage(RaftMessage message) =>
        Invariant.That(false, $"one leader per term: {message.From} sent {message.Kind} in term {message.Term} that {Replica.Self} leads");

    protected override void OnAppendEntriesResponse(RaftMessage message)
    {
        if (_progress.Find(message.From) is not { } progress || message.Index > Log.Last) return;
        progress.Contact = Replica.Now;
        _unsent = true;
        if (message.Reject)
        {
            var agreesAtMost = message.HintIndex;
            if (message.LogTerm > Term.None && message.HintIndex <= Log.Last && message.HintIndex >= Log.SnapshotIndex)
                agreesAtMost = Log.LastAtMost(message.HintIndex, message.LogTerm);
            progress.Refused(message.Index, agreesAtMost);
            return;
        }
        if (!progress.Accepted(message.Index, Log.First)) return;
        CommitWhatQuorumHolds();
        if (Replica.Role != this) return;
        if (_transfer.IsActive && _transfer.Target == message.From && progress.Match == Log.Last) SendTimeoutNow(message.From);
    }

    protected override void OnHeartbeatResponse(RaftMessage message)
    {
#if PLANTED
        if (Plants.Has(PlantedBug.LateAckCounts) && _progress.Find(message.From) is { } late)
        {
            late.Contact = Replica.Now;
            late.AnsweredRound(_rounds.Newest, late.RoundSent);
            AnswerProvenReads();
        }
#endif
        if (_progress.Find(message.From) is not { } progress || _rounds.SentAt(message.Round) is not { } sent) return;
        progress.Contact = Replica.Now;
#if PLANTED
        if (Plants.Has(PlantedBug.LeaseFromReceipt)) sent = Replica.Now;
#endif
        progress.AnsweredRound(message.Round, sent);
        progress.IsProbing = false;
        if (progress.Match < Log.Last)
        {
            progress.NeedsCheck = true;
            _unsent = true;
        }
        AnswerProvenReads();
    }

    private ProposeResult? Refusal() =>
        _transfer.IsActive ? new ProposeResult(ProposeStatus.Transferring, LogIndex.None, Replica.Term, $"leadership is being transferred to replica {_transfer.Target}") : null;

    private Entry Append(EntryKind kind, ReadOnlyMemory<byte> payload)
    {
        var entry = new Entry(Replica.Term, Log.Last.Next, kind, payload);
        Replica.Append(entry);
        if (kind == EntryKind.ConfigurationChange) _progress.Configure(Replica.Configuration, entry.Index, Replica.Now);
        _unsent = true;
        return entry;
    }

#if PLANTED
    private void UpdateOwn() => _progress.Own?.SetOwn(Plants.Has(PlantedBug.CountSelfBeforeSync) ? Log.Last : Log.Persisted, _rounds.Newest, Replica.Now);
#else
    private void UpdateOwn() => _progress.Own?.SetOwn(Log.Persisted, _rounds.Newest, Replica.Now);
#endif

    private void StartRound()
    {
        var round = ++Replica.RoundsStarted;
        _rounds.Add(round, Replica.Now, Replica.Options.ElectionTimeoutMin);
        _heartbeatDue = Replica.Now + Replica.Options.HeartbeatInterval;
        UpdateOwn();
        if (HasCommittedInTerm) _reads.Start(round, Log.Commit);
#if PLANTED
        else if (Plants.Has(PlantedBug.ReadBeforeTermCommit)) _reads.Start(round, Log.Commit);
#endif
        foreach (var progress in _progress.Others) _appender.SendHeartbeat(progress, round);
        AnswerProvenReads();
    }

    private void AnswerProvenReads()
    {
        var proven = _progress.QuorumRound();
        while (_reads.TryTake(proven, out var index, out var reads))
            foreach (var read in reads) Answer(read, index, failed: false);
    }

    private void Answer(PendingReads.Read read, LogIndex index, bool failed)
    {
        if (read.Asker == Replica.Self)
        {
            Replica.Outbox.Answer(new ReadState(read.RequestId, index, failed));
            return;
        }
        Replica.Outbox.Send(new RaftMessage
        {
            Kind = MessageKind.ReadIndexResponse,
            From = Replica.Self,
            To = read.Asker,
            Term = Replica.Term,
            Index = index,
            Round = read.RequestId,
            Reject = failed,
        });
    }

    /// <summary>Commits what a quorum holds, if it is of this term: entries of earlier terms only along with one of this term (paper figure 8).</summary>
    private void CommitWhatQuorumHolds()
    {
        var index = _progress.QuorumMatch();
#if PLANTED
        if (Plants.Has(PlantedBug.CommitEarlierTerm) && index > Log.Commit)
        {
            Log.CommitTo(index);
            _unsent = true;
            OnConfigurationCommitted();
            return;
        }
#endif
        if (index <= Log.Commit || Log.TermAt(index) != Replica.Term) return;
        Log.CommitTo(index);
        _unsent = true;
        OnConfigurationCommitted();
    }

    private void OnConfigurationCommitted()
    {
        if (Replica.Configurations.LatestIndex > Log.Commit) return;
#if PLANTED
        if (Plants.Has(PlantedBug.JointNeverLeft) && Replica.Configurations.LatestIndex < _termStart) return;
#endif
        var configuration = Replica.Configuration;
        if (configuration is { IsJoint: true, AutoLeave: true })
        {
            var canLeave = configuration.TryApply(ConfigurationChange.Leave, out var next, out _);
            Invariant.That(canLeave && next is not null);
            Append(EntryKind.ConfigurationChange, next.Encode());
            CommitWhatQuorumHolds();
        }
        else if (!configuration.IsVoter(Replica.Self)) Abdicate();
    }

    /// <summary>Gives up leadership for good reason and hands it to a voter that has the whole log, if there is one.</summary>
    private void Abdicate()
    {
        Flush();
        foreach (var progress in _progress.Others)
        {
            if (progress.Match != Log.Last || !Replica.Configuration.IsVoter(progress.Replica)) continue;
            SendTimeoutNow(progress.Replica);
            break;
        }
        Replica.BecomeFollower(Replica.Term, ReplicaId.None);
    }

    private void SendTimeoutNow(ReplicaId target)
    {
#if PLANTED
        if (!Plants.Has(PlantedBug.TransferKeepsLease))
#endif
        _transfer.GiveUpLease();
        Replica.Outbox.Send(new RaftMessage { Kind = MessageKind.TimeoutNow, From = Replica.Self, To = target, Term = Replica.Term });
    }
}
