using KvStore.Node.Leases;
using KvStore.Raft;

namespace KvStore.Node.Locks;

/// <summary>A lock as of some applied index.</summary>
/// <param name="Holder">Null: nobody holds it.</param>
/// <param name="Token">The holder's; without a holder the last one's while <paramref name="Pending"/> groups may still accept it, else 0.</param>
/// <param name="Proclaimed">The number of the holder's newest proclamation; how often it has replaced its value if it does not count.</param>
/// <param name="Waiting">The first in line, in order of arrival.</param>
/// <param name="WaitingCount">All that wait.</param>
/// <param name="Registered">Groups other than the home that accept writes fenced by the holder's token.</param>
/// <param name="Pending">Groups for which the next grant waits: they have not yet confirmed that they refuse the last token.</param>
public sealed record LockDescription(string Name, GroupId Home, LockParty? Holder, ulong Token, ulong Proclaimed, IReadOnlyList<LockParty> Waiting, int WaitingCount,
    IReadOnlyList<GroupId> Registered, IReadOnlyList<GroupId> Pending)
{
    internal static LockDescription Of(string name, GroupId home, LockRecord? record, int waitingMax)
    {
        if (record is null) return new LockDescription(name, home, null, 0, 0, [], 0, [], []);
        GroupId[] groups = [.. record.Groups];
        return new LockDescription(name, home, record.Holder is { } holder ? Party(holder) : null, record.Holder is null && groups.Length == 0 ? 0 : record.Token, record.Proclaimed,
            [.. record.Waiting.Take(waitingMax).Select(Party)], record.WaitingCount, record.Holder is null ? [] : groups, record.Holder is null ? groups : []);
    }

    private static LockParty Party(LockClaim claim) => new(new LeaseId(claim.Lease), claim.Value);
}

/// <summary>A lease that holds a lock or waits for it, with the value that it shows.</summary>
public sealed record LockParty(LeaseId Lease, ReadOnlyMemory<byte> Value);
