namespace KvStore.Storage.Engine;

/// <summary>
/// What the store itself keeps of a stay beside its records. It travels in a RaftSnapshot so that the receiver creates the same range.
/// </summary>
/// <param name="Stay">The stay.</param>
/// <param name="Revision">The newest published revision.</param>
/// <param name="CompactRevision">History below it is gone.</param>
/// <param name="Start">The first key that may lie in it; empty: no bound.</param>
/// <param name="End">The first key behind it; empty: no bound.</param>
/// <param name="Lineage">The stays that it was split from, nearest first: records up to the named revision carry their ids.</param>
public sealed record RangeDescription(Stay Stay, Revision Revision, Revision CompactRevision, ReadOnlyMemory<byte> Start, ReadOnlyMemory<byte> End, IReadOnlyList<RangeAncestor> Lineage)
{
    /// <summary>A new, empty and unbounded range.</summary>
    public static RangeDescription New(Stay stay) => new(stay, Revision.Zero, Revision.Zero, default, default, []);

    internal bool Holds(ReadOnlySpan<byte> key) =>
        (Start.Length == 0 || key.SequenceCompareTo(Start.Span) >= 0) && (End.Length == 0 || key.SequenceCompareTo(End.Span) < 0);

    /// <summary>0 for the own stay, 1… for an ancestor, -1 when a record with this id cannot be the range's.</summary>
    internal int LineageOf(in RecordId id)
    {
        if (id.Stay == Stay) return 0;
        for (int i = 0; i < Lineage.Count; i++) if (Lineage[i].Stay == id.Stay) return id.Revision <= Lineage[i].UpTo ? i + 1 : -1;
        return -1;
    }

    internal Stay StayOf(int lineage) => lineage == 0 ? Stay : Lineage[lineage - 1].Stay;
}

/// <summary>A stay that a range was split from, and the newest revision that came from it.</summary>
public readonly record struct RangeAncestor(Stay Stay, Revision UpTo);
