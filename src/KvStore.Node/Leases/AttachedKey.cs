namespace KvStore.Node.Leases;

/// <summary>A key that is deleted when its lease ends. Named by keyspace, not by range: ranges split and move, keys stay.</summary>
internal readonly record struct AttachedKey(KeyspaceId Keyspace, ReadOnlyMemory<byte> Key) : IComparable<AttachedKey>
{
    public int CompareTo(AttachedKey other)
    {
        var byKeyspace = Keyspace.Value.CompareTo(other.Keyspace.Value);
        return byKeyspace != 0 ? byKeyspace : Key.Span.SequenceCompareTo(other.Key.Span);
    }

    public bool Equals(AttachedKey other) => CompareTo(other) == 0;

    public override int GetHashCode() => throw new NotSupportedException("attached keys are kept in order, not hashed");
}
