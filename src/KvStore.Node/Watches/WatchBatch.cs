using KvStore.Storage.Engine;

namespace KvStore.Node.Watches;

/// <summary>One piece of what a watch tells, in order.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Events">In order of (revision, place within the revision); all of the watch's events of each of their revisions.</param>
/// <param name="Revision">Every event of the watch at or before it has been told with this piece. Never lower than in the piece before.</param>
/// <param name="Error">Why the watch has ended.</param>
public sealed record WatchBatch(WatchBatchKind Kind, IReadOnlyList<WatchEvent> Events, Revision Revision, NodeError? Error = null)
{
    internal int Bytes { get; init; }
}

/// <summary>What a piece of a watch is.</summary>
public enum WatchBatchKind
{
    /// <summary>Events, at least one.</summary>
    Events,
    /// <summary>No event, but word that there was none up to the revision.</summary>
    Bookmark,
    /// <summary>The last piece: nothing will come any more.</summary>
    Ended,
}
