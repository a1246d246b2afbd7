namespace KvStore.Raft;

/// <summary>One group's copy on one node; never reused, stands in every message and configuration. 0 is no replica.</summary>
public readonly record struct ReplicaId(ulong Value) : IComparable<ReplicaId>
{
    public static readonly ReplicaId None = new(0);
    public int CompareTo(ReplicaId other) => Value.CompareTo(other.Value);
    public static bool operator <(ReplicaId a, ReplicaId b) => a.Value < b.Value;
    public static bool operator >(ReplicaId a, ReplicaId b) => a.Value > b.Value;
    public static bool operator <=(ReplicaId a, ReplicaId b) => a.Value <= b.Value;
    public static bool operator >=(ReplicaId a, ReplicaId b) => a.Value >= b.Value;
    public override string ToString() => Value.ToString(System.Globalization.CultureInfo.InvariantCulture);
}
