using KvStore.Raft;

namespace KvStore.Node.Leases;

/// <summary>
/// A lease, named for ever: an id that a group gives holds the group that owns the lease in its upper bits and a number of that group, counted from 1, below. Never 0, and positive as
/// a 64-bit signed number. An id that a caller chose (etcd's API) names no owner: such a lease is known only in the group that granted it.
/// </summary>
public readonly record struct LeaseId(ulong Value) : IComparable<LeaseId>
{
    /// <summary>A group that grants 10,000 leases a second has ids for 27 years.</summary>
    private const int NumberBits = 43;
    private const ulong GroupMax = (1UL << (63 - NumberBits)) - 1;

    public static readonly LeaseId None;

    public bool IsNone => Value == 0;

    /// <summary>The group that owns the lease, when a group gave the id.</summary>
    public GroupId Owner => new(Value >> NumberBits);

    public static LeaseId Given(GroupId owner, ulong number)
    {
        Invariant.That(owner.Value <= GroupMax && number is > 0 and < 1UL << NumberBits, "a lease id has room for its group and number");
        return new LeaseId((owner.Value << NumberBits) | number);
    }

    public int CompareTo(LeaseId other) => Value.CompareTo(other.Value);

    public override string ToString() => Value.ToString(System.Globalization.CultureInfo.InvariantCulture);
}
