using KvStore.Raft;
using KvStore.Storage.Engine;

namespace KvStore.Node.Watches;

/// <summary>One watch as the watch worker sees it. Touched by that worker alone.</summary>
internal sealed class Watcher(Watch watch, ulong number, WriteCursor cursor, MonotonicTime cursorExpires) : IWatchMatcher
{
    private readonly List<WatchEvent> _gathered = [];

    public Watch Watch { get; } = watch;
    /// <summary>Unique in this process.</summary>
    public ulong Number { get; } = number;
    public WatcherState State { get; set; } = WatcherState.Behind;
    /// <summary>It stands in the worker's queue of those that may read on.</summary>
    public bool IsQueued { get; set; }

    /// <summary>Everything at or before it was told. Of a live watcher the feed's position is it.</summary>
    public Revision Position { get; set; } = cursor.Position;

    /// <summary>Reads what it missed; null while live, and when its hold on history ended before there was room to go on.</summary>
    public WatchReader? Reader { get; set; } = new(cursor);
    public MonotonicTime ReaderExpires { get; set; } = cursorExpires;

    /// <summary>A bookmark at this revision or a later one was asked for.</summary>
    public Revision? ProgressWanted { get; set; }
    public MonotonicTime LastTold { get; set; }

    bool IWatchMatcher.GoesOn => Watch.HasRoomOrStarves();

    public bool HasGathered => _gathered.Count > 0;

    public void Gather(WatchEvent happened) => _gathered.Add(happened);

    /// <summary>What was gathered, as one piece.</summary>
    public WatchBatch TakeGathered(Revision through)
    {
        var events = _gathered.ToArray();
        _gathered.Clear();
        return new WatchBatch(WatchBatchKind.Events, events, through) { Bytes = events.Sum(e => e.Bytes) };
    }

    public void DropReader()
    {
        Reader?.Dispose();
        Reader = null;
        _gathered.Clear();
    }

    void IWatchMatcher.Match(ReadOnlySpan<byte> key, bool isTombstone, List<Watcher> found)
    {
        if (Watch.Query.Wants(isTombstone) && Watch.Query.Covers(key)) found.Add(this);
    }

    void IWatchMatcher.Deliver(Watcher watcher, WatchBatch batch)
    {
        Watch.Add(batch);
        Position = batch.Revision;
    }
}

/// <summary>How a watcher gets its events.</summary>
internal enum WatcherState
{
    /// <summary>It stands where its feed stands and hears of each write with the others.</summary>
    Live,
    /// <summary>It reads records by itself until it has reached the feed.</summary>
    Behind,
    /// <summary>Its queue is full: it waits for its consumer.</summary>
    Starved,
    /// <summary>It is no more.</summary>
    Gone,
}
