using KvStore.Raft;

namespace KvStore.Node.Locks;

/// <summary>
/// One lock that somebody holds, waits for, or whose last token may still be accepted somewhere. In all other cases there is no record: a token is greater than all before it for
/// whatever reason the record was made anew.
/// </summary>
internal sealed class LockRecord(string name)
{
    /// <summary>What a lock counts for beside its name and claims. Frozen, as is the count of a registered group.</summary>
    private const long RecordBytes = 256, GroupBytes = 64;

    private readonly LinkedList<LockClaim> waiting = [];
    private readonly Dictionary<ulong, LinkedListNode<LockClaim>> waitingByLease = [];

    public string Name { get; } = name;

    /// <summary>Null: free, or waiting until <see cref="Groups"/> is empty.</summary>
    public LockClaim? Holder { get; set; }

    /// <summary>The holder's; without a holder the last one's, as long as <see cref="Groups"/> accept it.</summary>
    public ulong Token { get; set; }

    /// <summary>The number of the holder's newest proclamation; how often it has replaced its value if it does not count. Only grows while it holds the lock.</summary>
    public ulong Proclaimed { get; set; }

    /// <summary>
    /// Groups other than the home that may accept writes with <see cref="Token"/>. While there is a holder they only become more; without one each leaves when it has confirmed that it
    /// applied the removal. The next token is not given out before the set is empty.
    /// </summary>
    public SortedSet<GroupId> Groups { get; } = [];

    /// <summary>In order of arrival.</summary>
    public IEnumerable<LockClaim> Waiting => waiting;
    public LockClaim First => waiting.First!.Value;
    public int WaitingCount => waiting.Count;

    public bool IsIdle => Holder is null && waiting.Count == 0 && Groups.Count == 0;
    public bool MayGrant => Holder is null && waiting.Count > 0 && Groups.Count == 0;

    public long Bytes { get; private set; } = RecordBytes + 2L * name.Length;

    public LockClaim? FindWaiting(ulong lease) => waitingByLease.TryGetValue(lease, out var node) ? node.Value : null;

    /// <summary>From 1; 0: it does not wait.</summary>
    public int PlaceOf(ulong lease)
    {
        if (!waitingByLease.TryGetValue(lease, out var node)) return 0;
        var place = 1;
        for (; node.Previous is { } before; node = before) place++;
        return place;
    }

    public void Enqueue(LockClaim claim)
    {
        waitingByLease.Add(claim.Lease, waiting.AddLast(claim));
        Bytes += claim.Bytes;
    }

    /// <summary>Null when it does not wait.</summary>
    public LockClaim? RemoveWaiting(ulong lease)
    {
        if (!waitingByLease.Remove(lease, out var node)) return null;
        waiting.Remove(node);
        Bytes -= node.Value.Bytes;
        return node.Value;
    }

    /// <summary>The next in line becomes the holder.</summary>
    public LockClaim GrantNext(ulong token)
    {
        Invariant.That(MayGrant);
        Invariant.That(token > Token, "tokens of a lock only grow");
        var claim = waiting.First!.Value;
        RemoveWaiting(claim.Lease);
        (Holder, Token, Proclaimed) = (claim, token, 0);
        Bytes += claim.Bytes;
        return claim;
    }

    public void Release()
    {
        Bytes -= Holder!.Bytes;
        Holder = null;
    }

    /// <param name="value">What the holder shows from now on.</param>
    /// <param name="number">Greater than <see cref="Proclaimed"/>, or 0: the next one.</param>
    public void SetValue(ReadOnlyMemory<byte> value, ulong number)
    {
        Bytes += value.Length - Holder!.Value.Length;
        Holder.Value = value;
        Proclaimed = number == 0 ? Proclaimed + 1 : number;
    }

    /// <summary>False: it is there already.</summary>
    public bool AddGroup(GroupId group)
    {
        if (!Groups.Add(group)) return false;
        Bytes += GroupBytes;
        return true;
    }

    public bool RemoveGroup(GroupId group)
    {
        if (!Groups.Remove(group)) return false;
        Bytes -= GroupBytes;
        return true;
    }

    /// <summary>For a state that is read back.</summary>
    public void RestoreHolder(LockClaim holder)
    {
        Holder = holder;
        Bytes += holder.Bytes;
    }
}
