using KvStore.Node.Replicas;
using KvStore.Node.StateMachine;
using KvStore.Node.Time;
using KvStore.Node.Workers;
using KvStore.Raft;
using KvStore.Storage.Engine;

namespace KvStore.Node.Watches;

/// <summary>
/// The node's watch worker. It reads what apply workers have published from the engine, tells watches of it, and lets those that fell behind catch up, some pages at a time
/// between its looks at what is new. The apply thread only wakes it.
/// </summary>
internal sealed class WatchHub : NodeWorker
{
    private const int FeedPagesATurn = 64;
    private const int CatchUpStepsATurn = 4;
    private const int CatchUpPagesAStep = 4;
    private static readonly TimeSpan TickInterval = TimeSpan.FromSeconds(1);

    private readonly NodeOptions _options;
    private readonly ITimeSource _time;
    private readonly Func<NodeView> _view;
    private readonly Inbox<Work> _inbox;
    private readonly SortedDictionary<RangeId, RangeFeed> _feeds = [];
    /// <summary>Watchers that may read on, each at most once.</summary>
    private readonly Queue<(RangeFeed Feed, Watcher Watcher)> _behind = new();
    private readonly List<(RangeFeed Feed, Watcher Watcher)> _wanting = [];
    private readonly WatchBudget _budget;
    private MonotonicTime _nextTick;
    private long _count;
    private ulong _lastNumber;

    private readonly record struct Work(WorkKind Kind, Watcher? Watcher, GroupReplica? Replica = null, Revision Revision = default, NodeError? Error = null);

    private enum WorkKind { Add, Wake, Progress, EndAll }

    public WatchHub(NodeOptions options, ITimeSource time, Func<NodeView> view, NodeFailure failure) : base("watch", failure)
    {
        (_options, _time, _view) = (options, time, view);
        _inbox = new Inbox<Work>(this);
        _budget = new WatchBudget(options.WatchQueueBytes, options.WatchQueueBytesMax);
    }

    /// <summary>Watches that are open on this node.</summary>
    public long Count => Volatile.Read(ref _count);

    /// <summary>Any thread: begins a watch in a state that was read at a barrier.</summary>
    /// <exception cref="NodeException">The revision is gone or not reached yet, or there are too many watches.</exception>
    public Watch Open(WatchQuery query, IWatchSink sink, GroupReplica replica, OwnedRange owned)
    {
        if (Interlocked.Increment(ref _count) > _options.WatchesMax)
        {
            Interlocked.Decrement(ref _count);
            throw new NodeException(new NodeError(NodeErrorCode.ResourceExhausted, $"this node has {_options.WatchesMax} watches already") { RetryAfter = TimeSpan.FromSeconds(1) });
        }
        try
        {
            var expires = _time.Now + RangeFeed.HoldMax;
            var cursor = OpenCursor(owned.Store, query.From);
            var watch = new Watch(query, owned.Descriptor, cursor.Position.Next, sink, _budget);
            var watcher = new Watcher(watch, Interlocked.Increment(ref _lastNumber), cursor, expires);
            watch.Watcher = watcher;
            watch.Woken = () => _inbox.Post(new Work(WorkKind.Wake, watcher));
            _inbox.Post(new Work(WorkKind.Add, watcher, replica));
            return watch;
        }
        catch
        {
            Interlocked.Decrement(ref _count);
            throw;
        }
    }

    /// <summary>Any thread: a bookmark at this revision or a later one, as soon as the watch is there.</summary>
    public void WantProgress(Watch watch, Revision revision) => _inbox.Post(new Work(WorkKind.Progress, watch.Watcher, Revision: revision));

    /// <summary>Any thread: the node goes down in order, and consumers are to go elsewhere.</summary>
    public void EndAll(NodeError error) => _inbox.Post(new Work(WorkKind.EndAll, null, Error: error));

    private static WriteCursor OpenCursor(RangeStore store, Revision? from)
    {
        while (true)
        {
            var newest = store.Revision;
            if (from is { } asked && asked.Value > newest.Value + 1)
                throw new NodeException(new NodeError(NodeErrorCode.FutureRevision, $"from_revision: revision {asked} has not been reached; the newest is {newest}"));
            try
            {
#if PLANTED
                if (Plants.Has(PlantedBug.WatchSkipsAtResume) && from is { } late && late <= newest) return store.ReadWrites(late);
#endif
                return store.ReadWrites(from is { } first ? new Revision(first.Value - 1) : newest);
            }
            catch (CompactedException) when (from is null)
            {
                // More was written and compacted meanwhile: now is later.
                continue;
            }
            catch (CompactedException gone)
            {
                throw new NodeException(Compacted(from!.Value, gone.Compacted));
            }
        }
    }

    protected override MonotonicTime? Turn()
    {
        var now = _time.Now;
        foreach (var work in _inbox.Drain()) Do(work, now);
        if (_feeds.Count == 0) return null;
        var isTick = now >= _nextTick;
        if (isTick) _nextTick = now + TickInterval;
        var isDone = true;
        foreach (var feed in _feeds.Values.ToArray())
        {
            if (Follow(feed, now) is { } store) isDone &= Read(feed, store, null, now);
            if (isTick) Tick(feed, now);
            if (feed.Watchers.Count == 0) Drop(feed);
        }
        CatchUp(now);
        TellProgress(now);
        return isDone && _behind.Count == 0 ? _nextTick : now;
    }

    protected override void Abandon(NodeError error)
    {
        foreach (var work in _inbox.Drain())
            if (work.Kind == WorkKind.Add) End(null, work.Watcher!, error);
        foreach (var feed in _feeds.Values.ToArray()) EndAll(feed, error);
        _feeds.Clear();
    }

    private void Do(Work work, MonotonicTime now)
    {
        switch (work.Kind)
        {
            case WorkKind.Add:
                Add(work.Watcher!, work.Replica!, now);
                break;
            case WorkKind.Wake when FeedOf(work.Watcher!) is { } feed:
                if (work.Watcher!.Watch.IsClosed) Forget(feed, work.Watcher);
                else if (work.Watcher.State == WatcherState.Starved) Enqueue(feed, work.Watcher);
                break;
            case WorkKind.Progress when FeedOf(work.Watcher!) is { } feed:
                if (work.Watcher!.ProgressWanted is null) _wanting.Add((feed, work.Watcher));
                if (work.Watcher.ProgressWanted is not { } wanted || wanted < work.Revision) work.Watcher.ProgressWanted = work.Revision;
                break;
            case WorkKind.EndAll:
                foreach (var feed in _feeds.Values) EndAll(feed, work.Error!);
                break;
        }
    }

    private RangeFeed? FeedOf(Watcher watcher) => watcher.State == WatcherState.Gone ? null : _feeds.GetValueOrDefault(watcher.Watch.Range.Id);

    private void Add(Watcher watcher, GroupReplica replica, MonotonicTime now)
    {
        var range = watcher.Watch.Range;
        if (watcher.Watch.IsClosed)
        {
            End(null, watcher, new NodeError(NodeErrorCode.Unavailable, "the watch was cancelled"));
            return;
        }
        if (!_feeds.TryGetValue(range.Id, out var feed))
        {
            replica.Watching = this;
            // Before the revision is read: whatever is published from now on wakes this worker.
            Interlocked.MemoryBarrier();
            _feeds.Add(range.Id, feed = new RangeFeed(range));
        }
        else if (feed.Range.Epoch != range.Epoch)
        {
            // The next look finds out which of the two is the range's present epoch.
            EndAll(feed, new NodeError(NodeErrorCode.EpochNotMatch, $"range {range.Id} has epoch {range.Epoch}, not {feed.Range.Epoch}") { Range = range });
            feed.Detach();
            _feeds[range.Id] = feed = new RangeFeed(range);
        }
        watcher.LastTold = now;
        feed.Add(watcher);
        Enqueue(feed, watcher);
    }

    private void Enqueue(RangeFeed feed, Watcher watcher)
    {
        watcher.State = WatcherState.Behind;
        if (watcher.IsQueued) return;
        watcher.IsQueued = true;
        _behind.Enqueue((feed, watcher));
    }

    /// <summary>The state to read, if there is one; ends the feed's watches when the range is another one now, or the replica has stopped.</summary>
    private RangeStore? Follow(RangeFeed feed, MonotonicTime now)
    {
        var view = _view();
        var replica = view.Find(feed.Range.Group);
        if (replica is null || replica.StoppedReason is not null)
        {
            EndAll(feed, replica?.StoppedError() ?? new NodeError(NodeErrorCode.NotLeader, $"this node has no replica of group {feed.Range.Group}"));
            return null;
        }
        if (replica.View.Leader != NodeId.None) feed.LeaderlessSince = null;
        else feed.LeaderlessSince ??= now;
        if (feed.LeaderlessSince is { } since && now - since >= _options.WatchLeaderlessMax)
        {
            EndAll(feed, new NodeError(NodeErrorCode.Unavailable, $"this node has known no leader of group {replica.Group} for {_options.WatchLeaderlessMax.TotalSeconds:0.#} s, so nothing new may reach it"));
            return null;
        }
        if (replica.Machine is not { } machine)
        {
            feed.Detach();
            return null;
        }
        var owned = machine.Owned.Find(feed.Range.Id);
        if (owned is null || owned.Descriptor.Epoch != feed.Range.Epoch)
        {
            EndAll(feed, Ownership.Refusal(replica, owned, new RangeRoute(feed.Range.Id, feed.Range.Epoch), view.Map));
            return null;
        }
        return owned.Store;
    }

    /// <summary>Lets a watcher read on, or the feed itself (null). False: there is more to do, or the store went away and the next turn looks for another one.</summary>
    private bool Read(RangeFeed feed, RangeStore store, Watcher? watcher, MonotonicTime now)
    {
        try
        {
            if (watcher is not null) return CatchUp(feed, watcher, now);
            if (!feed.IsAttachedTo(store)) Attach(feed, store);
            return feed.Advance(FeedPagesATurn, now);
        }
        catch (Exception gone) when (gone is SnapshotEndedException or ObjectDisposedException)
        {
            feed.Detach();
            return false;
        }
        catch (RecordDamagedException damage)
        {
            _view().Find(feed.Range.Group)?.ReportDamage(damage.Message);
            EndAll(feed, new NodeError(NodeErrorCode.Unavailable, damage.Message));
            return true;
        }
        catch (IOException failure)
        {
            EndAll(feed, new NodeError(NodeErrorCode.Unavailable, $"range {feed.Range.Id} cannot be read here: {failure.Message}"));
            return true;
        }
    }

    private void Attach(RangeFeed feed, RangeStore store)
    {
        feed.Attach(store);
        foreach (var watcher in feed.Watchers)
            if (watcher.State == WatcherState.Behind) Enqueue(feed, watcher);
    }

    private void CatchUp(MonotonicTime now)
    {
        for (var steps = Math.Min(CatchUpStepsATurn, _behind.Count); steps > 0; steps--)
        {
            var (feed, watcher) = _behind.Dequeue();
            watcher.IsQueued = false;
            if (watcher.State != WatcherState.Behind || feed.Store is not { } store) continue;
            Read(feed, store, watcher, now);
            if (watcher.State == WatcherState.Behind && feed.IsAttached) Enqueue(feed, watcher);
        }
    }

    private bool CatchUp(RangeFeed feed, Watcher watcher, MonotonicTime now)
    {
        try
        {
            feed.CatchUp(watcher, CatchUpPagesAStep, now);
        }
        catch (CompactedException gone)
        {
#if PLANTED
            if (Plants.Has(PlantedBug.WatchJumpsCompaction))
            {
                watcher.Position = gone.Compacted;
                return false;
            }
#endif
            End(feed, watcher, Compacted(watcher.Position.Next, gone.Compacted));
        }
        catch (Exception ended) when (ended is SnapshotEndedException or ObjectDisposedException && watcher.Reader is { Cursor.HasEnded: true })
        {
            // It held on to history for too long; it goes on from where it stands if that is still there.
            watcher.DropReader();
        }
        return true;
    }

    private static NodeError Compacted(Revision asked, Revision compacted) =>
        new(NodeErrorCode.Compacted, $"revision {asked} has been compacted; a watch may begin at {compacted.Next}") { CompactRevision = compacted };

    private void Tick(RangeFeed feed, MonotonicTime now)
    {
        foreach (var watcher in feed.Watchers)
        {
            if (watcher.Reader is not null && now >= watcher.ReaderExpires) watcher.DropReader();
            if (!feed.IsAttached || now - watcher.LastTold < _options.WatchBookmarkInterval || !watcher.Watch.IsEmpty) continue;
            Bookmark(feed, watcher, now);
        }
    }

    private void TellProgress(MonotonicTime now) => _wanting.RemoveAll(entry =>
    {
        var (feed, watcher) = entry;
        if (watcher.State == WatcherState.Gone) return true;
#if PLANTED
        if (Plants.Has(PlantedBug.BookmarkAhead) && feed.IsAttached && feed.Position >= watcher.ProgressWanted)
        {
            watcher.ProgressWanted = null;
            Bookmark(feed, watcher, now);
            return true;
        }
#endif
        if (!feed.IsAttached || feed.PositionOf(watcher) < watcher.ProgressWanted) return false;
        watcher.ProgressWanted = null;
        Bookmark(feed, watcher, now);
        return true;
    });

    private static void Bookmark(RangeFeed feed, Watcher watcher, MonotonicTime now)
    {
        watcher.LastTold = now;
#if PLANTED
        if (Plants.Has(PlantedBug.BookmarkAhead))
        {
            watcher.Watch.Add(new WatchBatch(WatchBatchKind.Bookmark, [], feed.Position) { Bytes = BookmarkBytes });
            return;
        }
#endif
        watcher.Watch.Add(new WatchBatch(WatchBatchKind.Bookmark, [], feed.PositionOf(watcher)) { Bytes = BookmarkBytes });
    }

    private const int BookmarkBytes = 64;

    private void EndAll(RangeFeed feed, NodeError error)
    {
        foreach (var watcher in feed.Watchers.ToArray()) End(feed, watcher, error);
    }

    private void End(RangeFeed? feed, Watcher watcher, NodeError error)
    {
        watcher.Watch.Add(new WatchBatch(WatchBatchKind.Ended, [], feed is { IsAttached: true } ? feed.PositionOf(watcher) : watcher.Position, error) { Bytes = BookmarkBytes });
        Forget(feed, watcher);
    }

    private void Forget(RangeFeed? feed, Watcher watcher)
    {
        if (watcher.State == WatcherState.Gone) return;
        Interlocked.Decrement(ref _count);
        feed?.Remove(watcher);
        watcher.State = WatcherState.Gone;
        watcher.DropReader();
    }

    private void Drop(RangeFeed feed)
    {
        feed.Detach();
        _feeds.Remove(feed.Range.Id);
        if (_feeds.Values.All(other => other.Range.Group != feed.Range.Group) && _view().Find(feed.Range.Group) is { } replica) replica.Watching = null;
    }
}
