using KvStore.Node.Commands;
using KvStore.Node.Leases;
using KvStore.Node.Locks;
using KvStore.Node.Peer;
using KvStore.Node.Reads;
using KvStore.Node.Time;
using KvStore.Node.Transport;
using KvStore.Raft;
using KvStore.Storage.Wal;

namespace KvStore.Node.Replicas;

/// <summary>The consensus side of one replica: feeds its <see cref="RaftNode"/> and carries out each Ready. Owned by one loop.</summary>
internal sealed class ReplicaDriver
{
    private readonly RaftNode _raft;
    private readonly GroupClock _clock;
    private readonly ProposalQueue _proposals;
    private readonly ReadRounds _reads;
    private readonly DriverServices _services;
    private readonly LeaderDuties _duties;
    private readonly LeaseDuties _leases;
    private readonly LockDuties _locks;
    private readonly LeaseRenewals _renewals = new();
    private readonly FollowerProgress _followers = new();
    private readonly LogTail _tail;
    private int _submissionsInFlight;
    private bool _stopped;
    private MonotonicTime? _transferUntil;
    /// <summary>The replica's own read after its start, or the newest attempt at it; null before the first.</summary>
    private ReadWaiter? _catchingUp;

    public ReplicaDriver(GroupReplica replica, ReplicaApplier applier, RaftNode raft, GroupClock clock, DriverServices services)
    {
        Replica = replica;
        Applier = applier;
        _raft = raft;
        _clock = clock;
        _services = services;
        _proposals = new ProposalQueue(replica, services.PayloadWriter, services.Options.EntryBytesMax);
        _reads = new ReadRounds(replica, services.Random.Next(), services.Options.ElectionTimeoutMin / 2);
        _duties = new LeaderDuties(replica, services);
        _leases = new LeaseDuties(replica, services.Calls);
        _locks = new LockDuties(replica, services.Calls);
        _tail = new LogTail(services.Options, raft.FirstIndex.Previous);
    }

    public GroupReplica Replica { get; }
    public ReplicaApplier Applier { get; }

    /// <summary>The group was never led, and this is its lowest replica.</summary>
    public bool LeadsFirst { get; init; }

    /// <summary>The loop's mark for replicas that its turn has to gather.</summary>
    public bool Dirty { get; set; }

    /// <summary>Nothing of a caller is left here, and leadership is elsewhere or cannot go elsewhere.</summary>
    public bool IsDrained(MonotonicTime now) => _stopped
        || (_proposals.IsEmpty && _renewals.IsEmpty && _reads.IsEmpty && _submissionsInFlight == 0
            && (_raft.Role != RaftRole.Leader || !HasOtherVoter() || (_transferUntil is { } until && now >= until)));

    /// <summary>The replica joins its loop.</summary>
    public void Start(MonotonicTime now)
    {
        NoticeRole(now);
        LeadFirst(now);
    }

    /// <summary>
    /// In a group that was never led its lowest replica campaigns as soon as anybody may, and again until there was an election: a first start waits for no election timeout, and the groups are
    /// led where the first map wants them to be. The others' promises end a little later than its own, by as much as they started later.
    /// </summary>
    private void LeadFirst(MonotonicTime now)
    {
        if (LeadsFirst && _raft.Term == Term.None) _raft.Campaign(now);
    }

    public void Propose(object proposal, MonotonicTime now)
    {
        if (_stopped) Refuse(proposal, Replica.StoppedError());
        else if (proposal is WriteBatch batch) _proposals.Add(batch);
        else if (proposal is GroupProposal { Command.CommandCase: GroupCommand.CommandOneofCase.KeepLeasesAlive } renewal) _renewals.Add(renewal, now);
        else _proposals.Add((GroupProposal)proposal);
    }

    private void Refuse(object proposal, NodeError error)
    {
        if (proposal is WriteBatch batch)
        {
            Replica.Unqueue(batch);
            batch.Failed(error);
        }
        else ((GroupProposal)proposal).Completed(LogIndex.None, default, error);
    }

    public void Read(ReadWaiter waiter)
    {
        if (_stopped) waiter.Fail(Replica.StoppedError());
        else _reads.Add(waiter);
    }

    public void Step(GroupMessage message, NodeId from, MonotonicTime now)
    {
        if (_stopped || message.To != Replica.Id.Value) return;
        RaftMessage decoded;
        try
        {
            decoded = FrameCodec.Decode(message);
        }
        catch (FormatException refused)
        {
            NodeLog.MessageRefused(_services.Logger, Replica.Group, from, refused.Message);
            return;
        }
        // A snapshot is announced by this node itself, once it has been installed.
        if (decoded.Kind == MessageKind.InstallSnapshot) return;
        _services.Addresses.Learn(Replica.Group, decoded.From, from);
        _followers.Observe(decoded, _raft.Term);
        _raft.Step(decoded, now);
        LearnTime(message, decoded, now);
    }

    /// <summary>
    /// A follower's clock follows that of this term's leader; what an old leader says may lie far back. A candidate hears with the votes what it has missed while it was down, for it may
    /// be elected before any leader can tell it: from voters with the same log only, for the clock of one that was cut off has gone by its own rate since its newest entry, and leases were
    /// renewed since.
    /// </summary>
    private void LearnTime(GroupMessage message, RaftMessage decoded, MonotonicTime now)
    {
        if (message.GroupTimeUs == 0) return;
        if (!IsVote(decoded.Kind))
        {
            if (decoded.Term == _raft.Term && decoded.From == _raft.Leader) _clock.Set(message.GroupTimeUs, now);
        }
        else if (message.LastIndex == _raft.LastIndex.Value && message.LastTerm == _raft.TermAt(_raft.LastIndex).Value) _clock.AtLeast(message.GroupTimeUs, now);
    }

    private void TellTime(GroupMessage message, MessageKind kind, MonotonicTime now)
    {
        if (_raft.Role == RaftRole.Leader && message.Term == _raft.Term.Value) message.GroupTimeUs = _clock.At(now);
        else if (IsVote(kind)) (message.GroupTimeUs, message.LastIndex, message.LastTerm) = (_clock.At(now), _raft.LastIndex.Value, _raft.TermAt(_raft.LastIndex).Value);
    }

    private static bool IsVote(MessageKind kind) => kind is MessageKind.RequestVoteResponse or MessageKind.RequestPreVoteResponse;

    public void Tick(MonotonicTime now)
    {
        if (_stopped) return;
        _raft.Tick(now);
        LeadFirst(now);
        CatchUp();
        _proposals.FailUndecided(now);
    }

    /// <summary>A read of nothing, after the start, until one succeeds: then all that the group had committed has been applied here (<see cref="GroupReplica.HasCaughtUp"/>).</summary>
    private void CatchUp()
    {
        if (Replica.HasCaughtUp || _raft.Leader == ReplicaId.None || _catchingUp is { IsDone: false }) return;
        _catchingUp = new ReadWaiter();
        _reads.Add(_catchingUp);
    }

    public void Applied(LogIndex index, MonotonicTime now)
    {
        if (!_stopped) _raft.Applied(LogIndex.Min(index, _raft.Commit), now);
    }

    public void Unreachable(NodeId node)
    {
        if (_stopped) return;
        foreach (var member in _raft.Configuration.Members())
            if (_services.Addresses.NodeOf(Replica.Group, member) == node) _raft.ReportUnreachable(member);
    }

    public void SnapshotSent(Snapshots.SnapshotReport report)
    {
        if (!_stopped) _raft.ReportSnapshot(report.To, report.Outcome, report.Index);
    }

    /// <summary>The applied state has been switched to a snapshot: now the core may know.</summary>
    public void SnapshotInstalled(Snapshots.InstalledSnapshot installed, MonotonicTime now)
    {
        if (_stopped) return;
        _clock.Set(installed.GroupTimeMicroseconds, now);
        _raft.Step(new RaftMessage
        {
            Kind = MessageKind.InstallSnapshot,
            From = installed.From,
            To = Replica.Id,
            Term = installed.SenderTerm,
            Index = installed.Metadata.Index,
            LogTerm = installed.Metadata.Term,
            Configuration = installed.Metadata.Configuration,
        }, now);
    }

    /// <summary>A node to lead instead of this one, if it has a voter here.</summary>
    public void Transfer(NodeId node, MonotonicTime now)
    {
        if (_stopped) return;
        foreach (var voter in _raft.Configuration.Voters)
            if (voter != Replica.Id && _services.Addresses.NodeOf(Replica.Group, voter) == node) _raft.TransferLeadership(voter, now);
    }

    /// <summary>Gives leadership to the voter that is furthest, once; see <see cref="IsDrained"/>. True when it has just begun to.</summary>
    public bool Drain(MonotonicTime now)
    {
        if (_stopped || _transferUntil is not null || _raft.Role != RaftRole.Leader || !HasOtherVoter()) return false;
        _transferUntil = now + _services.Options.ElectionTimeoutMax;
        return _raft.TransferLeadership(_followers.Furthest(_raft.Configuration, Replica.Id), now);
    }

    /// <summary>The log up to a checkpoint may be forgotten, but for a tail that followers may still need.</summary>
    public void Checkpointed(LogIndex index, LoopTurn turn)
    {
        if (_stopped) return;
        // The apply worker says what it has applied at the end of its turn, and a quick checkpoint may be done before that.
        Applied(index, turn.Now);
        var slowest = _raft.Role == RaftRole.Leader ? _followers.Slowest(_raft.Configuration, Replica.Id) : (LogIndex?)null;
        var until = _tail.Checkpointed(index, slowest, _services.IndexToForget(Replica.Group));
        if (until > index || until < _raft.FirstIndex) return;
        turn.Wal.Records.Add(WalRecord.Compacted(Replica.Group, until, _raft.TermAt(until)));
        _raft.Compact(until);
        NodeLog.Checkpointed(_services.Logger, Replica.Group, index, _raft.FirstIndex);
    }

    public void Durable(WalSubmission.Acknowledgement durable, LoopTurn turn)
    {
        _submissionsInFlight--;
        if (_stopped) return;
        if (durable.Last > LogIndex.None)
        {
            Replica.Durable = LogIndex.Max(Replica.Durable, durable.Last);
            _raft.Persisted(durable.Last, durable.Term, turn.Now);
        }
        if (durable.HardState is { } state) _raft.HardStatePersisted(state);
        Publish(turn.Now);
        Send(durable.Messages, turn);
    }

    /// <summary>Takes what waits into the core and carries out what the core gives out.</summary>
    public void Gather(LoopTurn turn)
    {
        if (_stopped) return;
        NoticeRole(turn.Now);
        _duties.Run(_raft, _proposals, turn.Now);
        _leases.Run(_raft, _proposals, _clock, turn.Now);
        _locks.Run(_raft, turn.Now);
        _renewals.MoveTo(_proposals, turn.Now);
        if (!_services.Wal.HasRoom) _proposals.RefuseWaiting(DiskFull());
        _proposals.Fold(_raft, _clock, turn.Now);
        _reads.Begin(_raft, turn.Now);
        while (_raft.HasReady)
        {
            var ready = _raft.TakeReady();
            NoticeRole(turn.Now);
            Publish(turn.Now);
            CarryOut(ready, turn);
        }
        Publish(turn.Now);
    }

    private void CarryOut(Ready ready, LoopTurn turn)
    {
        Send(ready.Messages, turn);
        Submit(ready, turn);
        if (ready.Committed.Count > 0) Apply(ready.Committed);
        foreach (var state in ready.ReadStates)
            if (_reads.Answer(state) is { Count: > 0 } answered) Replica.ApplyWorker.Post(new ApplyJob(ApplyJobKind.Read, Applier, answered));
        foreach (var follower in ready.SnapshotsToSend) StartSnapshot(follower);
    }

    private void Submit(Ready ready, LoopTurn turn)
    {
#if PLANTED
        if (Plants.Has(PlantedBug.SendBeforeSync)) Send(ready.MessagesAfterSync, turn);
#endif
        if (ready.HardState is { } state) turn.Wal.HardStates.Add((Replica.Group, state));
        if (ready.InstalledSnapshot is { } installed)
        {
            turn.Wal.Records.Add(WalRecord.Reset(Replica.Group, installed.Index, installed.Term));
            _tail.Reset(installed.Index);
            _services.Observer?.Reset(Replica, installed.Index, installed.Term);
        }
        if (ready.Entries.Count > 0)
        {
            turn.Wal.Records.Add(WalRecord.Append(Replica.Group, ready.Entries));
            _clock.Observe(ready.Entries, turn.Now);
            _tail.Appended(ready.Entries);
            _services.Observer?.Logged(Replica, ready.Entries);
        }
        if (ready.HardState is null && ready.Entries.Count == 0 && ready.InstalledSnapshot is null && (ready.MessagesAfterSync.Count == 0 || _submissionsInFlight == 0))
        {
            Send(ready.MessagesAfterSync, turn);
            return;
        }
        _submissionsInFlight++;
        var (last, term) = ready.Entries.Count > 0 ? (ready.Entries[^1].Index, ready.Entries[^1].Term)
            : ready.InstalledSnapshot is { } snapshot ? (snapshot.Index, snapshot.Term)
            : (LogIndex.None, Term.None);
        turn.Wal.Acknowledgements.Add(new WalSubmission.Acknowledgement(this, last, term, ready.HardState, ready.MessagesAfterSync));
    }

    private void Apply(IReadOnlyList<Entry> committed)
    {
        List<AppendedProposals>? waiting = null;
        Configuration? configuration = null;
        foreach (var entry in committed)
        {
            if (_proposals.Take(entry) is { } appended) (waiting ??= []).Add(appended);
            if (entry.Kind == EntryKind.ConfigurationChange) configuration = _raft.ConfigurationAt(entry.Index);
        }
        Replica.ApplyWorker.Post(new ApplyJob(ApplyJobKind.Apply, Applier, new ApplyJob.Committed(committed, waiting ?? [], configuration)));
    }

    private void Send(IReadOnlyList<RaftMessage> messages, LoopTurn turn)
    {
        for (var i = 0; i < messages.Count; i++)
        {
            var node = _services.Addresses.NodeOf(Replica.Group, messages[i].To);
            if (node == NodeId.None) continue;
            var message = FrameCodec.Encode(Replica.Group, messages[i]);
            TellTime(message, messages[i].Kind, turn.Now);
            turn.Frames.To(node).Messages.Add(message);
        }
    }

    private void StartSnapshot(ReplicaId follower)
    {
        var node = _services.Addresses.NodeOf(Replica.Group, follower);
        if (node == NodeId.None) _raft.ReportSnapshot(follower, SnapshotOutcome.Failed, LogIndex.None);
        else _services.Snapshots.Start(Applier, follower, node, _raft.Term);
    }

    private void NoticeRole(MonotonicTime now)
    {
        var before = Replica.View;
        var leader = _raft.Leader == ReplicaId.None ? NodeId.None
            : _raft.Leader == Replica.Id ? _services.Options.Id
            : _services.Addresses.NodeOf(Replica.Group, _raft.Leader);
        if (before.Role == _raft.Role && before.Term == _raft.Term && before.Leader == leader && ReferenceEquals(before.Configuration, _raft.Configuration)) return;
        Replica.View = new ReplicaView(_raft.Role, _raft.Term, leader, _raft.Configuration);
        if (_raft.Role == RaftRole.Leader && before.Role != RaftRole.Leader) _followers.Clear();
        if (_raft.Role != RaftRole.Leader && before.Role == RaftRole.Leader) _proposals.LeadershipLost(now + _services.Options.ElectionTimeoutMax);
        if (before.Role != _raft.Role || before.Leader != leader) NodeLog.RoleChanged(_services.Logger, Replica.Group, Replica.Id, _raft.Role, _raft.Term, leader);
    }

    /// <summary>Before anything of this turn leaves: what another node or a caller can know of is never ahead of what readers here see.</summary>
    private void Publish(MonotonicTime now)
    {
        Replica.Commit = _raft.Commit;
        Replica.Last = _raft.LastIndex;
        Replica.First = _raft.FirstIndex;
        Replica.GroupTimeOffset = (long)_clock.At(now) - now.Nanoseconds / 1000;
        Replica.LeaseUntil = _raft.LeaseReadIndex(now) is not null && _raft.LeaseView is { } lease ? lease.Until : default;
    }

    private bool HasOtherVoter() => _raft.Configuration.Voters.Any(voter => voter != Replica.Id);

    public void Stop(NodeError error)
    {
        if (_stopped) return;
        _stopped = true;
        Replica.LeaseUntil = default;
        Replica.View = Replica.View with { Role = RaftRole.Follower, Leader = NodeId.None };
        _renewals.MoveAllTo(_proposals);
        _proposals.RefuseWaiting(error with { OutcomeUnknown = false });
        _proposals.FailAppended(error with { OutcomeUnknown = true });
        _reads.Fail(error);
    }

    public static NodeError DiskFull() =>
        new(NodeErrorCode.ResourceExhausted, "the disk of this node is nearly full: writes are refused until there is room, reads go on") { RetryAfter = TimeSpan.FromSeconds(1) };
}
