namespace KvStore.Raft;

/// <summary>
/// A lease that holds strictly before <see cref="Until"/>: send time of the newest round that a quorum acknowledged + minimum election
/// timeout × (1 − drift). While it holds no other replica can have been elected, so a local read of all that is committed is linearizable.
/// </summary>
public readonly record struct LeaderLease(Term Term, MonotonicTime Until);
