namespace KvStore.Client.Leases;

/// <summary>A lease as its owner saw it.</summary>
/// <param name="Id">The lease.</param>
/// <param name="TimeToLive">As granted.</param>
/// <param name="Remaining">Until it ends unless it is kept alive.</param>
/// <param name="Keys">The keys that are deleted when it ends, if they were asked for; at most 10,000 of each group.</param>
public sealed record KvLeaseStatus(KvLeaseId Id, TimeSpan TimeToLive, TimeSpan Remaining, IReadOnlyList<KvLeaseKey> Keys);

/// <summary>A key that is attached to a lease.</summary>
/// <param name="Keyspace">The keyspace's name.</param>
/// <param name="Key">The key.</param>
public readonly record struct KvLeaseKey(string Keyspace, KvBytes Key);
