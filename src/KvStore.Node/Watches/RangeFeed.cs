using KvStore.Node.Placement;
using KvStore.Raft;
using KvStore.Storage.Engine;

namespace KvStore.Node.Watches;

/// <summary>
/// The watchers of one range. The feed follows what the replica has published; live watchers stand where it stands, the others read by themselves until they have reached it.
/// Touched by the watch worker alone.
/// </summary>
internal sealed class RangeFeed(RangeDescriptor range) : IWatchMatcher
{
    /// <summary>How long a watcher that fell behind keeps history from being dropped.</summary>
    public static readonly TimeSpan HoldMax = TimeSpan.FromSeconds(60);

    private readonly WatchIndex _live = new();
    private readonly SortedDictionary<ulong, Watcher> _watchers = [];
    private RangeStore? _store;
    private WatchReader? _reader;
    private MonotonicTime _now;

    public RangeDescriptor Range { get; } = range;
    public IReadOnlyCollection<Watcher> Watchers => _watchers.Values;
    /// <summary>What is read; null while there is nothing.</summary>
    public RangeStore? Store => _reader is null ? null : _store;
    public bool IsAttached => _reader is not null;

    /// <summary>Everything at or before it was given to live watchers.</summary>
    public Revision Position => _reader!.Cursor.Position;

    /// <summary>Since when the replica knows no leader.</summary>
    public MonotonicTime? LeaderlessSince { get; set; }

    bool IWatchMatcher.GoesOn => true;

    public void Add(Watcher watcher) => _watchers.Add(watcher.Number, watcher);

    public Revision PositionOf(Watcher watcher) => watcher.State == WatcherState.Live ? Position : watcher.Position;

    public void Remove(Watcher watcher)
    {
        if (!_watchers.Remove(watcher.Number)) return;
        if (watcher.State == WatcherState.Live) _live.Remove(watcher);
        watcher.State = WatcherState.Gone;
        watcher.DropReader();
    }

    public bool IsAttachedTo(RangeStore store) => _reader is not null && _store == store;

    /// <summary>Follows another store: at first, and after a snapshot was installed.</summary>
    public void Attach(RangeStore store)
    {
        // A watcher that came since holds on to history by itself, and goes on holding.
        if (_store is not null) Detach();
        _store = store;
        // What live watchers miss until here they read by themselves.
        _reader = new WatchReader(OpenAtNewest(store));
    }

    private static WriteCursor OpenAtNewest(RangeStore store)
    {
        while (true)
        {
            try
            {
                return store.ReadWrites(store.Revision);
            }
            catch (CompactedException)
            {
                // More was written and compacted meanwhile.
                continue;
            }
        }
    }

    /// <summary>There is no store to read for now. Every watcher goes on from where it stands when there is one.</summary>
    public void Detach()
    {
        foreach (var watcher in _watchers.Values)
        {
            if (watcher.State == WatcherState.Live) Leave(watcher, null);
            else watcher.DropReader();
        }
        _reader?.Dispose();
        _reader = null;
        _store = null;
    }

    /// <summary>Gives live watchers what was published, in some pages at most.</summary>
    /// <returns>Whether that was all.</returns>
    public bool Advance(int pagesMax, MonotonicTime now)
    {
        _now = now;
        var published = _store!.Revision;
        if (published == Position) return true;
        return _reader!.Step(this, published, pagesMax);
    }

    /// <summary>Lets a watcher that is behind read some pages.</summary>
    /// <exception cref="CompactedException">What it misses is gone.</exception>
    public void CatchUp(Watcher watcher, int pagesMax, MonotonicTime now)
    {
        if (!watcher.Watch.HasRoomOrStarves())
        {
            watcher.State = WatcherState.Starved;
            return;
        }
        if (watcher.Position < Position)
        {
            if (watcher.Reader is null)
            {
                watcher.ReaderExpires = now + HoldMax;
                watcher.Reader = new WatchReader(_store!.ReadWrites(watcher.Position));
            }
            watcher.Reader.Step(watcher, Position, pagesMax);
            watcher.Position = watcher.Reader.Cursor.Position;
        }
#if PLANTED
        if (!Plants.Has(PlantedBug.WatchLosesBacklog))
#endif
        if (watcher.Position != Position) return;
        watcher.DropReader();
        watcher.State = WatcherState.Live;
        _live.Add(watcher);
    }

    void IWatchMatcher.Match(ReadOnlySpan<byte> key, bool isTombstone, List<Watcher> found) => _live.Match(key, isTombstone, found);

    void IWatchMatcher.Deliver(Watcher watcher, WatchBatch batch)
    {
        // It was left behind in the middle of this page, and reads by itself what was gathered for it since.
        if (watcher.State != WatcherState.Live) return;
        if (!watcher.Watch.HasRoomOrStarves())
        {
            Leave(watcher, _reader!.Cursor.Fork());
            watcher.State = WatcherState.Starved;
#if PLANTED
            if (Plants.Has(PlantedBug.WatchTellsTwice)) watcher.Watch.Add(batch);
#endif
            return;
        }
        watcher.LastTold = _now;
        watcher.Watch.Add(batch);
    }

    /// <summary>From live to behind, at the revision that was delivered last.</summary>
    private void Leave(Watcher watcher, WriteCursor? cursor)
    {
        _live.Remove(watcher);
        watcher.DropReader();
        watcher.State = WatcherState.Behind;
        watcher.Position = Position;
        watcher.ReaderExpires = _now + HoldMax;
        watcher.Reader = cursor is null ? null : new WatchReader(cursor);
    }
}
