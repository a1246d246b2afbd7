namespace KvStore.Node;

/// <summary>A range of the ordered keyspace; never reused.</summary>
public readonly record struct RangeId(ulong Value) : IComparable<RangeId>
{
    public int CompareTo(RangeId other) => Value.CompareTo(other.Value);
    public override string ToString() => Value.ToString(System.Globalization.CultureInfo.InvariantCulture);
}
