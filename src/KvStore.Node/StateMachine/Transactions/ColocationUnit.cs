using KvStore.Node.Placement;

namespace KvStore.Node.StateMachine.Transactions;

/// <summary>The keys of one colocation unit (DESIGN §6), named by one of them.</summary>
internal readonly ref struct ColocationUnit
{
    private const byte Separator = (byte)'/';
    private readonly Colocation colocation;
    /// <summary>Up to and including the first separator; the whole key when it has none.</summary>
    private readonly ReadOnlySpan<byte> prefix;
    private readonly bool isSingleKey;

    public ColocationUnit(Colocation colocation, ReadOnlySpan<byte> key)
    {
        this.colocation = colocation;
        var separator = key.IndexOf(Separator);
        isSingleKey = separator < 0;
        prefix = isSingleKey ? key : key[..(separator + 1)];
    }

    public bool Contains(ReadOnlySpan<byte> key) =>
        colocation == Colocation.Keyspace || (isSingleKey ? key.SequenceEqual(prefix) : key.StartsWith(prefix));

    /// <summary>Whether it contains all of [start, end); an empty end is that of the keyspace. The interval is not empty.</summary>
    public bool Contains(ReadOnlySpan<byte> start, ReadOnlySpan<byte> end)
    {
        if (colocation == Colocation.Keyspace) return true;
        if (!Contains(start) || end.IsEmpty) return false;
        // The end is excluded: the least key above all of the unit is allowed, too.
        if (isSingleKey) return end.Length == prefix.Length + 1 && end[^1] == 0 && end.StartsWith(prefix);
        return end.StartsWith(prefix) || (end.Length == prefix.Length && end[^1] == Separator + 1 && end[..^1].SequenceEqual(prefix[..^1]));
    }

    /// <summary>Whether a range takes in all of the unit, as splits respect units.</summary>
    public bool LiesIn(RangeDescriptor range)
    {
        if (colocation == Colocation.Keyspace) return range.Start.IsEmpty && range.End.IsEmpty;
        return range.Contains(prefix) && (range.End.IsEmpty || isSingleKey || !range.End.Span.StartsWith(prefix));
    }
}
