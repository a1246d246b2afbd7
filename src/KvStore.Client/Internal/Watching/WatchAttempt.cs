using KvStore.Protocol.V1;
using KvEntryMessage = KvStore.Protocol.V1.KeyValue;

namespace KvStore.Client.Internal.Watching;

/// <summary>One watch at one node, as long as it lasts. Hands what it hears to its part of the watch, and ends with the reason.</summary>
internal sealed class WatchAttempt(WatchPart part, Dispatcher dispatcher) : IWatchListener
{
    private const int EventOverheadBytes = 200;
    private readonly Lock _gate = new();
    private readonly TaskCompletionSource<WatchOutcome> _outcome = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly List<KvWatchEvent> _events = [];
    private int _bytes;
    private long _heardAt = dispatcher.Now;
    private uint _bookmarkMilliseconds;
    private bool _isOver;

    public Task<WatchOutcome> Outcome => _outcome.Task;

    /// <summary>The node has begun the watch.</summary>
    public bool IsEstablished { get; private set; }

    /// <summary>When the node was last heard, in timestamp ticks.</summary>
    public long HeardAt => Volatile.Read(ref _heardAt);

    /// <summary>How often the node promised to be heard; 0 before the watch was established.</summary>
    public uint BookmarkMilliseconds => Volatile.Read(ref _bookmarkMilliseconds);

    /// <summary>What comes from now on is not heard any more.</summary>
    public void Stop()
    {
        lock (_gate) _isOver = true;
    }

    public void Lost(Failure failure) => End(new WatchOutcome(failure));

    public void Updated(WatchUpdate update)
    {
        Volatile.Write(ref _heardAt, dispatcher.Now);
        lock (_gate)
        {
            if (_isOver) return;
            switch (update.UpdateCase)
            {
                case WatchUpdate.UpdateOneofCase.Created:
                    IsEstablished = true;
                    Volatile.Write(ref _bookmarkMilliseconds, update.Created.BookmarkIntervalMs);
                    part.Established(update.Header);
                    break;
                case WatchUpdate.UpdateOneofCase.Events:
                    Gather(update);
                    break;
                case WatchUpdate.UpdateOneofCase.Bookmark:
                    part.Bookmarked(update.Header);
                    break;
                case WatchUpdate.UpdateOneofCase.Ended:
                    _isOver = true;
                    _outcome.TrySetResult(new WatchOutcome(update.Ended.Error is { } error ? Failure.From(error) : new Failure(ErrorCode.Unavailable, "the node ended the watch")));
                    break;
            }
        }
    }

    private void End(WatchOutcome outcome)
    {
        Stop();
        _outcome.TrySetResult(outcome);
    }

    private void Gather(WatchUpdate update)
    {
        foreach (var happened in update.Events.Events)
        {
            _bytes += EventOverheadBytes + happened.CalculateSize();
            _events.Add(new KvWatchEvent(happened.Deleted ? KvWatchEventKind.Delete : KvWatchEventKind.Put, Entry(happened.Kv), happened.Previous is { } previous ? Entry(previous) : null));
        }
        if (update.Events.More) return;
        var (events, bytes) = (_events.ToArray(), _bytes);
        _events.Clear();
        _bytes = 0;
        if (part.Happened(update.Header, events, bytes)) return;
        _isOver = true;
        _outcome.TrySetResult(WatchOutcome.BufferFull);
    }

    private static KvEntry Entry(KvEntryMessage kv) => new(new KvBytes(kv.Key.Memory), new KvBytes(kv.Value.Memory), kv.CreateRevision, kv.ModRevision, kv.Version, new KvLeaseId(kv.Lease));
}

/// <summary>Why a watch at a node is over; without a failure, because its consumer has fallen behind.</summary>
internal sealed record WatchOutcome(Failure? Failure)
{
    public static readonly WatchOutcome BufferFull = new((Failure?)null);
}
