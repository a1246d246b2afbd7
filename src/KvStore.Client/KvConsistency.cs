namespace KvStore.Client;

/// <summary>How fresh a read is.</summary>
public enum KvConsistency
{
    /// <summary>Sees every write that was acknowledged before it began. Served by the range's leader, under its lease if that provably holds, else by a quorum round.</summary>
    Linearizable = 0,
    /// <summary>Linearizable, always by a quorum round: does not rely on clocks at all.</summary>
    Quorum = 1,
    /// <summary>Linearizable, the value read from any replica: takes load off the leader.</summary>
    Follower = 2,
    /// <summary>From any replica that is at most <see cref="KvReadOptions.MaxStaleness"/> behind.</summary>
    Bounded = 3,
    /// <summary>From any replica, whatever it has.</summary>
    Stale = 4,
}
