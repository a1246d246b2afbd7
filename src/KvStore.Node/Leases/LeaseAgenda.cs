using KvStore.Raft;

namespace KvStore.Node.Leases;

/// <summary>What the leases of a group want its leader to do: immutable, published by apply.</summary>
/// <param name="NextDeadline">When, in group time, the next lease ends or the next announcement is forgotten; the greatest number: never.</param>
/// <param name="IsCollecting">Leases that ended still have keys to delete here.</param>
/// <param name="Releases">Other groups that have to be told of leases that ended, in order of group, each with its first leases in order.</param>
internal sealed record LeaseAgenda(ulong NextDeadline, bool IsCollecting, IReadOnlyList<LeaseRelease> Releases)
{
    public static readonly LeaseAgenda Empty = new(ulong.MaxValue, false, []);
}

/// <summary>Leases that have ended and that a group may still hold keys of.</summary>
internal sealed record LeaseRelease(GroupId User, IReadOnlyList<LeaseId> Leases);
