using KvStore.Raft;

namespace KvStore.Node.Leases;

/// <summary>Where a lease stands. Persisted numbers.</summary>
internal enum LeasePhase : byte
{
    Live = 0,
    /// <summary>It has ended: no keep-alive, no attachment; its record stays until its keys are deleted and no other group holds keys of it.</summary>
    Ending = 1,
    /// <summary>Another group's lease that was announced here and whose owner has not yet agreed: nothing can be attached to it.</summary>
    Pending = 2,
}

/// <summary>One lease as its group knows it: its own one, or what it knows of another group's lease that keys here are attached to.</summary>
internal sealed class Lease(LeaseId id, ulong timeToLive, bool isOwn)
{
    private static readonly SortedSet<AttachedKey> NoKeys = [];
    private static readonly SortedSet<GroupId> NoUsers = [];
    private SortedSet<AttachedKey>? keys;
    private SortedSet<GroupId>? users;

    public LeaseId Id { get; } = id;
    /// <summary>Microseconds; 0 in another group's.</summary>
    public ulong TimeToLive { get; } = timeToLive;
    /// <summary>Whether this group decides when it ends.</summary>
    public bool IsOwn { get; } = isOwn;
    public LeasePhase Phase { get; set; }
    /// <summary>Group time, microseconds. Of a pending one: when it is forgotten. Another group's live lease has none.</summary>
    public ulong Deadline { get; set; } = ulong.MaxValue;
    /// <summary>Names the announcement that a confirmation has to answer; 0 in own ones.</summary>
    public ulong Ticket { get; init; }
    /// <summary>It has left the table.</summary>
    public bool IsGone { get; set; }
    public long Bytes { get; private set; } = LeaseLimits.LeaseBytes;

    /// <summary>In order; keys of this group only.</summary>
    public SortedSet<AttachedKey> Keys => keys ?? NoKeys;
    /// <summary>The other groups that may hold keys of it, in order. A group leaves only when it has said that it holds none any more and never will.</summary>
    public SortedSet<GroupId> Users => users ?? NoUsers;

    public void Attach(in AttachedKey key)
    {
        Invariant.That((keys ??= []).Add(key), "a key is attached once");
        Bytes += BytesOf(key);
    }

    public void Detach(in AttachedKey key)
    {
        Invariant.That(keys is not null && keys.Remove(key), "what is detached was attached");
        Bytes -= BytesOf(key);
    }

    public bool AddUser(GroupId user)
    {
        if (!(users ??= []).Add(user)) return false;
        Bytes += LeaseLimits.UserBytes;
        return true;
    }

    public bool RemoveUser(GroupId user)
    {
        if (users is null || !users.Remove(user)) return false;
        Bytes -= LeaseLimits.UserBytes;
        return true;
    }

    public static long BytesOf(in AttachedKey key) => LeaseLimits.KeyBytes + key.Key.Length;
}
