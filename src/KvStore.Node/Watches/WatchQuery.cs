using KvStore.Storage.Engine;

namespace KvStore.Node.Watches;

/// <summary>What is watched: keys in [Start, End) of one range. An empty End: to the end of the range.</summary>
/// <param name="Route">The range; its epoch is checked in the very state that the watch begins in.</param>
/// <param name="Start">The first key.</param>
/// <param name="End">Behind the last key; a single key's is the key and a zero byte.</param>
/// <param name="From">The first revision that is wanted; null: from now, that is what is written after the call.</param>
/// <param name="Kinds">Which writes.</param>
/// <param name="Previous">Whether events tell what the key was before.</param>
public sealed record WatchQuery(RangeRoute Route, ReadOnlyMemory<byte> Start, ReadOnlyMemory<byte> End, Revision? From, WatchKinds Kinds = WatchKinds.All, WatchPrevious Previous = WatchPrevious.Omitted)
{
    internal bool IsSingleKey => End.Length == Start.Length + 1 && End.Span[^1] == 0 && End.Span.StartsWith(Start.Span);

    internal bool Covers(ReadOnlySpan<byte> key) => key.SequenceCompareTo(Start.Span) >= 0 && (End.IsEmpty || key.SequenceCompareTo(End.Span) < 0);

    internal bool Wants(bool isTombstone) => (Kinds & (isTombstone ? WatchKinds.Deletes : WatchKinds.Puts)) != 0;
}

/// <summary>Which writes a watch tells of.</summary>
[Flags]
public enum WatchKinds { None = 0, Puts = 1, Deletes = 2, All = Puts | Deletes }

/// <summary>Whether a watch's events tell what the key was before.</summary>
public enum WatchPrevious { Omitted, Included }
