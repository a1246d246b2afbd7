using KvStore.Raft;

namespace KvStore.Simulation.Checks;

/// <summary>A rule of Raft, looked at from outside. Each is told what happens and reports what must not. The replica's copy of the log is brought up to date after the call.</summary>
internal abstract class ReplicaCheck(string name, Findings findings)
{
    public virtual void Started(ObservedReplica replica, RaftStart start) { }

    /// <summary>Before its entries are in the copy of the log.</summary>
    public virtual void Logging(ObservedReplica replica, IReadOnlyList<Entry> entries) { }

    public virtual void BecameLeader(ObservedReplica replica, Term term) { }

    /// <summary>The commit index moved from <see cref="ObservedReplica.Commit"/> on.</summary>
    public virtual void Committed(ObservedReplica replica, LogIndex commit) { }

    public virtual void Applied(ObservedReplica replica, LogIndex index, ulong hash) { }

    /// <summary>A message leaves; it may never arrive.</summary>
    public virtual void Sent(ObservedReplica replica, in SentMessage message) { }

    protected void Report(string what) => findings.Report(name, what);
}

/// <summary>What the checks need to know of a message.</summary>
internal readonly record struct SentMessage(MessageKind Kind, ReplicaId To, Term Term, LogIndex Index, bool Reject);
