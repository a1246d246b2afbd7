namespace KvStore.Raft;

/// <summary>One Raft group. 0 is the meta group, so there is no reserved value.</summary>
public readonly record struct GroupId(ulong Value) : IComparable<GroupId>
{
    /// <summary>The group that replicates the cluster map.</summary>
    public static readonly GroupId Meta = new(0);
    public int CompareTo(GroupId other) => Value.CompareTo(other.Value);
    public static bool operator <(GroupId a, GroupId b) => a.Value < b.Value;
    public static bool operator >(GroupId a, GroupId b) => a.Value > b.Value;
    public static bool operator <=(GroupId a, GroupId b) => a.Value <= b.Value;
    public static bool operator >=(GroupId a, GroupId b) => a.Value >= b.Value;
    public override string ToString() => Value.ToString(System.Globalization.CultureInfo.InvariantCulture);
}
