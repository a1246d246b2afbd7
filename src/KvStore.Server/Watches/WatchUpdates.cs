using KvStore.Node;
using KvStore.Node.Watches;
using KvStore.Protocol.V1;
using KvStore.Server.Services;
using RangeDescriptor = KvStore.Node.Placement.RangeDescriptor;
using WatchEvent = KvStore.Node.Watches.WatchEvent;

namespace KvStore.Server.Watches;

/// <summary>From what a watch tells to kvstore.v1.</summary>
internal static class WatchUpdates
{
    /// <summary>Events of an update take about so many bytes at most, unless one event alone is larger.</summary>
    public const int EventsBytesMax = 1 << 20;
    private const int EventOverheadBytes = 64;

    public static WatchUpdate Created(StreamWatch watch, TimeSpan bookmarkInterval) => new()
    {
        WatchId = watch.Id,
        Header = Header(watch.Range!, watch.Watch!.First.Value - 1),
        Created = new WatchCreated { BookmarkIntervalMs = (uint)bookmarkInterval.TotalMilliseconds },
    };

    /// <summary>Of a watch that did not begin, or was cancelled by its client (no error).</summary>
    public static WatchUpdate Ended(ulong id, NodeError? error) => new() { WatchId = id, Ended = End(error) };

    /// <summary>The next update of a piece, and its size; the piece is done when all its events were sent.</summary>
    public static WatchUpdate Next(StreamWatch watch, out int bytes)
    {
        var piece = watch.Piece!;
        var update = new WatchUpdate { WatchId = watch.Id, Header = Header(watch.Range!, piece.Revision.Value) };
        bytes = EventOverheadBytes;
        switch (piece.Kind)
        {
            case WatchBatchKind.Events:
                update.Events = Events(watch, piece, ref bytes);
                break;
            case WatchBatchKind.Bookmark:
                update.Bookmark = new WatchBookmark();
                break;
            default:
                update.Ended = End(piece.Error);
                break;
        }
        if (watch.PieceEventsSent == piece.Events.Count) (watch.Piece, watch.PieceEventsSent) = (null, 0);
        return update;
    }

    private static WatchEvents Events(StreamWatch watch, WatchBatch piece, ref int bytes)
    {
        var events = new WatchEvents();
        for (; watch.PieceEventsSent < piece.Events.Count; watch.PieceEventsSent++)
        {
            var happened = piece.Events[watch.PieceEventsSent];
            var size = Size(happened);
            if (events.Events.Count > 0 && bytes + size > EventsBytesMax) break;
            bytes += size;
            events.Events.Add(ToProto(happened));
        }
        events.More = watch.PieceEventsSent < piece.Events.Count;
        return events;
    }

    private static int Size(WatchEvent happened) => EventOverheadBytes + happened.Current.Key.Length + happened.Current.Value.Length
        + (happened.Previous is { } previous ? EventOverheadBytes + previous.Key.Length + previous.Value.Length : 0);

    private static Protocol.V1.WatchEvent ToProto(WatchEvent happened) => new()
    {
        Kv = CommandResponses.ToProto(happened.Current),
        Deleted = happened.Current.Deleted,
        Previous = happened.Previous is { } previous ? CommandResponses.ToProto(previous) : null,
    };

    private static ResponseHeader Header(RangeDescriptor range, ulong revision) => new() { RangeId = range.Id.Value, Epoch = range.Epoch, Revision = revision };

    private static WatchEnded End(NodeError? error) => new()
    {
        Error = error is null ? null : Errors.ToProto(error),
        CompactRevision = error?.CompactRevision?.Value ?? 0,
    };
}
