using KvStore.Node.Placement;
using KvStore.Node.Watches;

namespace KvStore.Server.Watches;

/// <summary>One watch of a stream, from its request on. Guarded by the stream's lock.</summary>
internal sealed class StreamWatch(WatchStream stream, ulong id) : IWatchSink
{
    public ulong Id => id;

    /// <summary>Null until the node has begun it.</summary>
    public Watch? Watch { get; set; }

    /// <summary>What it watches lies in this range; known when it has begun.</summary>
    public RangeDescriptor? Range { get; set; }

    /// <summary>It stands in the stream's queue of those that have something to tell.</summary>
    public bool IsReady { get; set; }

    /// <summary>Cancelled by the client, perhaps before it began.</summary>
    public bool IsCancelled { get; set; }

    /// <summary>What is left of a piece that was too large for one update.</summary>
    public WatchBatch? Piece { get; set; }
    public int PieceEventsSent { get; set; }

    public void HasNews(Watch watch) => stream.HasNews(this);
}
