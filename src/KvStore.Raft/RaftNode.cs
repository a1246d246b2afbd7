namespace KvStore.Raft;

/// <summary>The consensus algorithm of one replica, a function of its inputs: see DESIGN §3. Not thread-safe: one replica loop owns it.</summary>
public sealed class RaftNode
{
    public RaftNode(RaftOptions options, RaftStart start, MonotonicTime now) => throw new NotImplementedException();

    public RaftRole Role => throw new NotImplementedException();
    public Term Term => throw new NotImplementedException();
    /// <summary>None when unknown.</summary>
    public ReplicaId Leader => throw new NotImplementedException();
    public LogIndex Commit => throw new NotImplementedException();
    public LogIndex LastIndex => throw new NotImplementedException();
    public LogIndex FirstIndex => throw new NotImplementedException();
    public Configuration Configuration => throw new NotImplementedException();
    /// <summary>The configuration as of an applied index, for checkpoints taken there.</summary>
    public Configuration ConfigurationAt(LogIndex applied) => throw new NotImplementedException();
    public Term TermAt(LogIndex index) => throw new NotImplementedException();
    /// <summary>Bytes appended and not yet committed.</summary>
    public long UncommittedBytes => throw new NotImplementedException();

    public void Step(RaftMessage message, MonotonicTime now) => throw new NotImplementedException();
    /// <summary>Called every few milliseconds; all timeouts are measured by <paramref name="now"/>.</summary>
    public void Tick(MonotonicTime now) => throw new NotImplementedException();
    public ProposeResult Propose(ReadOnlyMemory<byte> payload, MonotonicTime now) => throw new NotImplementedException();
    /// <summary>Asks for a read index. A follower forwards it to the leader. The answer comes in <see cref="Ready.ReadStates"/> with the same id.</summary>
    public void ReadIndex(ulong requestId, MonotonicTime now) => throw new NotImplementedException();
    public ProposeResult ProposeConfigurationChange(ConfigurationChange change, MonotonicTime now) => throw new NotImplementedException();
    public bool TransferLeadership(ReplicaId target, MonotonicTime now) => throw new NotImplementedException();
    /// <summary>Starts an election at once, without waiting for the timeout (first start of a group, tests).</summary>
    public void Campaign(MonotonicTime now) => throw new NotImplementedException();
    public void ReportUnreachable(ReplicaId replica) => throw new NotImplementedException();
    public void ReportSnapshot(ReplicaId replica, SnapshotOutcome outcome, LogIndex index) => throw new NotImplementedException();

    public bool HasReady => throw new NotImplementedException();
    public Ready TakeReady() => throw new NotImplementedException();
    /// <summary>Entries up to (index, term) of a batch are durable. An acknowledgement of a since truncated entry is recognised by its term.</summary>
    public void Persisted(LogIndex index, Term term, MonotonicTime now) => throw new NotImplementedException();
    public void HardStatePersisted(HardState state) => throw new NotImplementedException();
    public void Applied(LogIndex index, MonotonicTime now) => throw new NotImplementedException();
    /// <summary>The log up to and with <paramref name="index"/> is covered by a verified EngineCheckpoint and may be forgotten.</summary>
    public void Compact(LogIndex index) => throw new NotImplementedException();

    /// <summary>
    /// The leader lease, checked before and again after a value was read: null when it does not provably hold at <paramref name="now"/>,
    /// else the index that must be applied for a linearizable read. Safe to call from the replica loop only; <see cref="LeaseView"/> is for other threads.
    /// </summary>
    public LogIndex? LeaseReadIndex(MonotonicTime now) => throw new NotImplementedException();

    /// <summary>Until when the leader lease holds and the term it belongs to, for publication to request threads; null when there is none.</summary>
    public LeaderLease? LeaseView => throw new NotImplementedException();
}
