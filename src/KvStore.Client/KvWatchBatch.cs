using KvStore.Client.Internal.Watching;

namespace KvStore.Client;

/// <summary>Events of one range in order. All events of a revision are in the same batch; a batch may hold several revisions.</summary>
public sealed class KvWatchBatch
{
    private readonly WatchPositions _positions;

    internal KvWatchBatch(IReadOnlyList<KvWatchEvent> events, ulong rangeId, ulong revision, WatchPositions positions)
    {
        Events = events;
        RangeId = rangeId;
        Revision = revision;
        _positions = positions;
    }

    /// <summary>In order of revisions. Empty in a bookmark (<see cref="KvWatchOptions.Bookmarks"/>).</summary>
    public IReadOnlyList<KvWatchEvent> Events { get; }

    /// <summary>The range that the events are from. Revisions of different ranges do not compare, and batches of different ranges come in any order.</summary>
    public ulong RangeId { get; }

    /// <summary>All events of the watch in this range up to this revision were in this batch or in earlier ones.</summary>
    public ulong Revision { get; }

    /// <summary>From where a later watch goes on behind this batch, without a gap or a repetition.</summary>
    public KvResumeToken ResumeToken => new(_positions);
}
