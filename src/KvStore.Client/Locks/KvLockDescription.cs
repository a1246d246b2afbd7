namespace KvStore.Client.Locks;

/// <summary>A lock at one moment.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Holder">Null: nobody holds it.</param>
/// <param name="FencingToken">The holder's; without a holder the last one's while <paramref name="PendingGroups"/> may still accept it, else 0.</param>
/// <param name="Waiting">The first in line, in order of arrival.</param>
/// <param name="WaitingCount">All that wait.</param>
/// <param name="Group">The group that decides on it.</param>
/// <param name="RegisteredGroups">Other groups that accept writes with the holder's token.</param>
/// <param name="PendingGroups">Groups that have not yet confirmed that they refuse the last token: the next acquisition waits for them. One that stays here has no quorum.</param>
public sealed record KvLockDescription(string Name, KvLockClaim? Holder, ulong FencingToken, IReadOnlyList<KvLockClaim> Waiting, long WaitingCount, ulong Group,
    IReadOnlyList<ulong> RegisteredGroups, IReadOnlyList<ulong> PendingGroups);

/// <summary>Who holds a lock or waits for it.</summary>
/// <param name="Lease">The lease that the claim lives by.</param>
/// <param name="Value">As given to <see cref="KvLockOptions.Value"/>.</param>
public sealed record KvLockClaim(KvLeaseId Lease, KvBytes Value);
