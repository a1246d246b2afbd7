using KvStore.Raft;

namespace KvStore.Node.Leases;

/// <summary>What a group knows of a lease at one moment.</summary>
/// <param name="Id">The lease.</param>
/// <param name="TimeToLive">As granted; zero when another group owns it.</param>
/// <param name="Remaining">Until its deadline; zero when it has passed, or when another group owns it.</param>
/// <param name="HasEnded">It only waits for its keys to be deleted.</param>
/// <param name="Users">Other groups that may hold keys of it, in order.</param>
/// <param name="Keys">Of this group, in order.</param>
public sealed record LeaseView(LeaseId Id, TimeSpan TimeToLive, TimeSpan Remaining, bool HasEnded, IReadOnlyList<GroupId> Users, IReadOnlyList<LeaseKey> Keys);

/// <summary>A key that is deleted when its lease ends.</summary>
public readonly record struct LeaseKey(KeyspaceId Keyspace, ReadOnlyMemory<byte> Key);
