namespace KvStore.Node;

/// <summary>A named set of ranges. Persisted numbers.</summary>
public readonly record struct KeyspaceId(ulong Value) : IComparable<KeyspaceId>
{
    public static readonly KeyspaceId Default = new(1);
    public static readonly KeyspaceId Etcd = new(2);
    public static readonly KeyspaceId System = new(3);
    public int CompareTo(KeyspaceId other) => Value.CompareTo(other.Value);
    public override string ToString() => Value.ToString(global::System.Globalization.CultureInfo.InvariantCulture);
}
