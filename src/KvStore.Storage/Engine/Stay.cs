namespace KvStore.Storage.Engine;

/// <summary>A range's residence in one group, numbered by the log index that created, split off or staged it; never reused.</summary>
public readonly record struct Stay(ulong Value) : IComparable<Stay>
{
    public int CompareTo(Stay other) => Value.CompareTo(other.Value);
}
