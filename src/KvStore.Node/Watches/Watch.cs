using KvStore.Node.Placement;
using KvStore.Storage.Engine;

namespace KvStore.Node.Watches;

/// <summary>
/// One watch as its consumer holds it: a bounded queue between the node's watch worker and whoever takes. When it is full the worker leaves the watch behind and reads
/// records again once there is room, so that a slow consumer costs nobody else. Thread-safe; one consumer.
/// </summary>
public sealed class Watch
{
    private readonly Lock _lock = new();
    private readonly Queue<WatchBatch> _queue = new();
    private readonly IWatchSink _sink;
    private readonly WatchBudget _budget;
    private int _bytes;
    /// <summary>The sink was told and has not yet found the queue empty.</summary>
    private bool _told;
    /// <summary>The worker found no room and waits to hear of some.</summary>
    private bool _starved;
    /// <summary>The last piece is in the queue or was taken, or the consumer has gone: nothing is added any more.</summary>
    private bool _closed;

    internal Watch(WatchQuery query, RangeDescriptor range, Revision first, IWatchSink sink, WatchBudget budget) =>
        (Query, Range, First, _sink, _budget) = (query, range, first, sink, budget);

    public WatchQuery Query { get; }
    public RangeDescriptor Range { get; }
    /// <summary>The first revision whose events the watch tells.</summary>
    public Revision First { get; }

    /// <summary>The worker's side of it.</summary>
    internal Watcher? Watcher { get; set; }

    /// <summary>Called, outside of any lock, when there is room again after <see cref="HasRoomOrStarves"/> said no, and when the consumer has gone.</summary>
    internal Action? Woken { get; set; }

    internal bool IsClosed
    {
        get
        {
            lock (_lock) return _closed;
        }
    }

    internal bool IsEmpty
    {
        get
        {
            lock (_lock) return _queue.Count == 0;
        }
    }

    /// <summary>Takes the next piece; false when there is none now: the sink hears of the next.</summary>
    public bool TryTake(out WatchBatch batch)
    {
        bool hasRoom;
        lock (_lock)
        {
            if (!_queue.TryDequeue(out batch!))
            {
                _told = false;
                return false;
            }
            _bytes -= batch.Bytes;
            _budget.Release(batch.Bytes);
            hasRoom = _starved && _bytes <= _budget.BytesPerWatch / 2;
            if (hasRoom) _starved = false;
        }
        if (hasRoom) Woken?.Invoke();
        return true;
    }

    /// <summary>The consumer wants no more. Nothing is told after this but what is being taken at the moment.</summary>
    public void Cancel()
    {
        lock (_lock)
        {
            if (_closed && _queue.Count == 0) return;
            _closed = true;
            _queue.Clear();
            _budget.Release(_bytes);
            _bytes = 0;
        }
        Woken?.Invoke();
    }

    /// <summary>Whether events may be added. If not, <see cref="Woken"/> will tell.</summary>
    internal bool HasRoomOrStarves()
    {
        lock (_lock)
        {
            if (_bytes == 0 || (_bytes < _budget.BytesPerWatch && _budget.HasRoom)) return true;
            _starved = true;
            return false;
        }
    }

    /// <summary>Worker: adds a piece; dropped when the consumer has gone.</summary>
    internal void Add(WatchBatch batch)
    {
        bool tell;
        lock (_lock)
        {
            if (_closed) return;
            _queue.Enqueue(batch);
            _bytes += batch.Bytes;
            _budget.Take(batch.Bytes);
            _closed = batch.Kind == WatchBatchKind.Ended;
            tell = !_told;
            _told = true;
        }
        if (tell) _sink.HasNews(this);
    }
}
