using KvStore.Raft.Replication;
using KvStore.Raft.Roles;

namespace KvStore.Raft;

/// <summary>
/// The consensus algorithm of one replica, a function of its inputs: see DESIGN §3. Not thread-safe: one replica loop owns it.
/// Every input carries the time; a time before that of an earlier input counts as that one. After any input, <see cref="HasReady"/> says
/// whether there is work for the host.
/// </summary>
public sealed class RaftNode
{
    private readonly Replica _replica;

    /// <param name="options">Checked: an <see cref="ArgumentException"/> names what is wrong.</param>
    /// <param name="start">The durable state. Its configuration changes count from <see cref="RaftStart.SnapshotIndex"/> on, whatever is applied.</param>
    /// <param name="now">The time of the start: no vote is given for <see cref="RaftOptions.ElectionTimeoutMin"/> after it.</param>
    public RaftNode(RaftOptions options, RaftStart start, MonotonicTime now) => _replica = new Replica(options, start, now);

    public RaftRole Role => _replica.Role.Kind;
    public Term Term => _replica.Term;
    /// <summary>None when unknown.</summary>
    public ReplicaId Leader => _replica.Leader;
    /// <summary>Never goes back. After a restart it is what was applied, until a leader says more.</summary>
    public LogIndex Commit => _replica.Log.Commit;
    public LogIndex LastIndex => _replica.Log.Last;
    /// <summary>The index after what was compacted or replaced by a snapshot: the log holds [FirstIndex, LastIndex].</summary>
    public LogIndex FirstIndex => _replica.Log.First;
    /// <summary>The newest configuration in the log. It is in force, committed or not (docs/adr/0009), and rolled back if its entry is truncated; <c>ConfigurationAt(Commit)</c> is the committed one.</summary>
    public Configuration Configuration => _replica.Configuration;
    /// <summary>The configuration as of an applied index, for checkpoints taken there.</summary>
    public Configuration ConfigurationAt(LogIndex applied) => _replica.Configurations.At(applied);
    /// <summary>The term of the entry at an index, or at the end of what was compacted; none where the log holds nothing.</summary>
    public Term TermAt(LogIndex index) => _replica.Log.TermAt(index);
    /// <summary>Bytes appended and not yet committed.</summary>
    public long UncommittedBytes => _replica.Log.UncommittedBytes;

    /// <summary>Takes a message. One that is addressed to another replica, or that makes no sense, is ignored.</summary>
    public void Step(RaftMessage message, MonotonicTime now)
    {
        _replica.Advance(now);
        if (message.To != _replica.Self || message.From == _replica.Self || message.From == ReplicaId.None) return;
        if (message.Term < _replica.Term) StepOlderTerm(message);
        else if (message.Term == _replica.Term || StepNewerTerm(message)) _replica.Role.Step(message);
    }

    /// <summary>Called every few milliseconds; all timeouts are measured by <paramref name="now"/>.</summary>
    public void Tick(MonotonicTime now)
    {
        _replica.Advance(now);
        _replica.Role.Tick();
    }

    /// <summary>Appends an entry, if this replica leads. Nothing is sent before <see cref="TakeReady"/>, so that several proposals travel together.</summary>
    public ProposeResult Propose(ReadOnlyMemory<byte> payload, MonotonicTime now)
    {
        _replica.Advance(now);
        return _replica.Role.Propose(payload);
    }

    /// <summary>Asks for a read index. A follower forwards it to the leader. The answer comes in <see cref="Ready.ReadStates"/> with the same id, also when it failed.</summary>
    public void ReadIndex(ulong requestId, MonotonicTime now)
    {
        _replica.Advance(now);
        _replica.Role.ReadIndex(requestId);
    }

    /// <summary>Appends a change of members, which is in force at once. Refused until the change before it and an entry of this term are committed.</summary>
    public ProposeResult ProposeConfigurationChange(ConfigurationChange change, MonotonicTime now)
    {
        _replica.Advance(now);
        return _replica.Role.ProposeConfigurationChange(change);
    }

    /// <summary>
    /// Brings a voter up to date and lets it campaign at once. Proposals are refused meanwhile, for at most <see cref="RaftOptions.ElectionTimeoutMax"/>;
    /// then the attempt is over. False when this replica does not lead or the target is no other voter.
    /// </summary>
    public bool TransferLeadership(ReplicaId target, MonotonicTime now)
    {
        _replica.Advance(now);
        return _replica.Role.TransferLeadership(target);
    }

    /// <summary>
    /// Starts an election without waiting for the timeout (first start of a group, tests): at once in a group of one voter, else as soon as this
    /// replica's own promise allows it, which is <see cref="RaftOptions.ElectionTimeoutMin"/> after its start and after the last message of a leader.
    /// </summary>
    public void Campaign(MonotonicTime now)
    {
        _replica.Advance(now);
        _replica.Role.Campaign();
    }

    /// <summary>The connection to a replica broke: messages to it may be lost, so replication to it starts over from what it acknowledged.</summary>
    public void ReportUnreachable(ReplicaId replica) => _replica.Role.OnUnreachable(replica);

    /// <summary>The RaftSnapshot that <see cref="Ready.SnapshotsToSend"/> asked for was taken by the follower up to <paramref name="index"/>, or was not. Exactly one report for each request.</summary>
    public void ReportSnapshot(ReplicaId replica, SnapshotOutcome outcome, LogIndex index) => _replica.Role.OnSnapshotReport(replica, outcome, index);

    public bool HasReady => _replica.Role.HasUnsent || !_replica.Outbox.IsEmpty || _replica.IsHardStateUnwritten || _replica.Log.HasUnwritten || _replica.Log.HasUnapplied;

    /// <summary>Takes what is to be done. Several batches may be in the works at a time; see <see cref="Ready"/> for their order.</summary>
    public Ready TakeReady()
    {
        _replica.Role.Flush();
        var entries = _replica.Log.TakeUnwritten(_replica.Now);
        return _replica.Outbox.Take(_replica.TakeHardState(), entries, _replica.Log.TakeUnapplied());
    }

    /// <summary>
    /// The entries of a batch, whose last one is (index, term), and of all batches before it are durable. Called once for each batch with entries, in
    /// order. An acknowledgement of since truncated entries counts only for what is still as it was written; one of no batch is ignored.
    /// </summary>
    public void Persisted(LogIndex index, Term term, MonotonicTime now)
    {
        _replica.Advance(now);
        if (_replica.Log.AcknowledgeWrite(index, term)) _replica.Role.OnPersisted();
    }

    /// <summary>A batch's <see cref="Ready.HardState"/> is durable. A candidate's own vote counts from here on.</summary>
    public void HardStatePersisted(HardState state) => _replica.Role.OnHardStatePersisted(state);

    /// <summary>The state machine has applied everything up to <paramref name="index"/>, or holds it by an installed RaftSnapshot: not beyond <see cref="Commit"/>.</summary>
    public void Applied(LogIndex index, MonotonicTime now)
    {
        _replica.Advance(now);
        _replica.Log.AcknowledgeApply(index, _replica.Role.HeldEverywhere);
    }

    /// <summary>The log up to and with <paramref name="index"/> is covered by a verified EngineCheckpoint and may be forgotten. Not beyond what was applied.</summary>
    public void Compact(LogIndex index)
    {
        _replica.Log.Compact(index);
        _replica.Configurations.Compact(index);
    }

    /// <summary>
    /// The leader lease, checked before and again after a value was read: null when it does not provably hold at <paramref name="now"/>,
    /// else the index that must be applied for a linearizable read. Safe to call from the replica loop only; <see cref="LeaseView"/> is for other threads.
    /// </summary>
    public LogIndex? LeaseReadIndex(MonotonicTime now) => _replica.Role.Lease(now) is { } lease && now < lease.Until ? Commit : null;

    /// <summary>
    /// Until when the leader lease holds and the term it belongs to, for publication to request threads; null when there is none. Publish it after each
    /// input and before <see cref="Ready.Messages"/> leave: a TimeoutNow or a changed configuration ends it.
    /// </summary>
    public LeaderLease? LeaseView => _replica.Role.Lease(_replica.Now);

    /// <summary>What a leader knows of the other members; nothing on other replicas.</summary>
    internal IReadOnlyList<Progress> ProgressOfFollowers() => _replica.Role is Leader leader ? leader.Followers : [];

    private void StepOlderTerm(RaftMessage message)
    {
#if PLANTED
        if (message.Kind == MessageKind.RequestVoteResponse && Plants.Has(PlantedBug.VotesOfEarlierTerms)) _replica.Role.Step(message);
        if (message.Kind is MessageKind.AppendEntries or MessageKind.Heartbeat && Plants.Has(PlantedBug.DeafToOlderLeader)) return;
#endif
        switch (message.Kind)
        {
            case MessageKind.InstallSnapshot when _replica.Role is Follower follower:
                follower.OnSnapshotOfOlderTerm(message);
                break;
            case MessageKind.AppendEntries or MessageKind.Heartbeat or MessageKind.InstallSnapshot:
                // A leader that is behind must learn of our term, or neither it nor we would ever move (etcd #8501).
                _replica.Outbox.Send(new RaftMessage { Kind = MessageKind.AppendEntriesResponse, From = _replica.Self, To = message.From, Term = _replica.Term, Index = message.Index, Reject = true });
                break;
            case MessageKind.RequestPreVote:
                _replica.Voter.AnswerPreVote(message);
                break;
            case MessageKind.RequestVote:
                _replica.Voter.AnswerVote(message);
                break;
            default:
                break;
        }
    }

    /// <summary>True when the message is to be taken in the role that this replica now has.</summary>
    private bool StepNewerTerm(RaftMessage message)
    {
        switch (message.Kind)
        {
            case MessageKind.RequestPreVote:
                _replica.Voter.AnswerPreVote(message);
                return false;
            case MessageKind.RequestVote when _replica.Voter.Refuses(message):
                _replica.Voter.AnswerVote(message);
                return false;
            case MessageKind.RequestPreVoteResponse when !message.Reject:
                return true;
            default:
                _replica.BecomeFollower(message.Term, ReplicaId.None);
                return true;
        }
    }
}
