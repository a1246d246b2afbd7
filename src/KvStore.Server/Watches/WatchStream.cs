using Google.Protobuf;
using Grpc.Core;
using KvStore.Node;
using KvStore.Node.StateMachine;
using KvStore.Node.Watches;
using KvStore.Protocol.V1;
using KvStore.Server.Services;
using KvStore.Storage.Engine;

namespace KvStore.Server.Watches;

/// <summary>
/// The watches of one stream. One loop reads requests, one writes what the watches have to tell, in turn, as much as fits into a message. When the client reads slowly the
/// writing loop waits, the watches' queues fill, and the node leaves these watches behind; nobody else waits.
/// </summary>
internal sealed class WatchStream(KvNode node, RangeResolver ranges, IServerStreamWriter<WatchResponse> writer, TimeSpan bookmarkInterval)
{
    private const int WatchesMax = 10_000;
    private const int UpdatesPerMessageMax = 1024;
    private readonly Lock _lock = new();
    // Guarded by _lock.
    private readonly Dictionary<ulong, StreamWatch> _watches = [];
    private readonly Queue<WatchUpdate> _answers = [];
    private readonly Queue<StreamWatch> _ready = [];
    private bool _isSignalled;
    private readonly SemaphoreSlim _signal = new(0);

    /// <summary>Ends when the client half-closes or goes, or <paramref name="ended"/> says so.</summary>
    public async Task RunAsync(IAsyncStreamReader<WatchRequest> requests, CancellationTokenSource ended)
    {
        var writing = WriteAsync(ended);
        try
        {
            while (await requests.MoveNext(ended.Token).ConfigureAwait(false)) Handle(requests.Current, ended.Token);
        }
        finally
        {
            StreamWatch[] left;
            lock (_lock)
            {
                left = [.. _watches.Values];
                _watches.Clear();
            }
            foreach (var watch in left) Cancel(watch);
            await ended.CancelAsync().ConfigureAwait(false);
            await writing.ConfigureAwait(false);
        }
    }

    /// <summary>From the node's watch worker.</summary>
    public void HasNews(StreamWatch watch)
    {
        lock (_lock)
        {
            // Before its creation was answered, news wait.
            if (watch.IsReady || watch.Watch is null) return;
            watch.IsReady = true;
            _ready.Enqueue(watch);
            Signal();
        }
    }

    private void Handle(WatchRequest request, CancellationToken cancellationToken)
    {
        switch (request.RequestCase)
        {
            case WatchRequest.RequestOneofCase.Create:
                Create(request.Create, cancellationToken);
                break;
            case WatchRequest.RequestOneofCase.Cancel when Take(request.Cancel.WatchId) is { } watch:
                Cancel(watch);
                Answer(WatchUpdates.Ended(watch.Id, null));
                break;
            case WatchRequest.RequestOneofCase.Progress:
                foreach (var watch in Find(request.Progress.WatchId)) _ = RequestProgressAsync(watch, cancellationToken);
                break;
        }
    }

    private void Create(WatchCreate create, CancellationToken cancellationToken)
    {
        var watch = new StreamWatch(this, create.WatchId);
        lock (_lock)
        {
            if (create.WatchId == 0 || _watches.ContainsKey(create.WatchId))
                throw Errors.ToRpc(new NodeError(NodeErrorCode.InvalidArgument, $"watch_id: {create.WatchId} {(create.WatchId == 0 ? "names no watch; choose another number" : "is in use in this stream")}"));
            if (_watches.Count >= WatchesMax)
            {
                _answers.Enqueue(WatchUpdates.Ended(create.WatchId, new NodeError(NodeErrorCode.ResourceExhausted, $"the stream carries {WatchesMax} watches already; open another one")));
                Signal();
                return;
            }
            _watches.Add(create.WatchId, watch);
        }
        _ = BeginAsync(watch, create, cancellationToken);
    }

    private async Task BeginAsync(StreamWatch watch, WatchCreate create, CancellationToken cancellationToken)
    {
        try
        {
            var begun = await node.WatchAsync(Query(create), watch, cancellationToken).ConfigureAwait(false);
            bool isCancelled;
            lock (_lock)
            {
                (watch.Watch, watch.Range) = (begun, begun.Range);
                isCancelled = watch.IsCancelled;
                if (!isCancelled)
                {
                    _answers.Enqueue(WatchUpdates.Created(watch, bookmarkInterval));
                    watch.IsReady = true;
                    _ready.Enqueue(watch);
                    Signal();
                }
            }
            if (isCancelled) begun.Cancel();
        }
        catch (NodeException refused)
        {
            if (Take(watch.Id) is not null) Answer(WatchUpdates.Ended(watch.Id, refused.Error));
        }
        catch (OperationCanceledException)
        {
            // The stream has ended, and with it everything that could be answered.
            Take(watch.Id);
        }
        catch (Exception unexpected)
        {
            if (Take(watch.Id) is not null) Answer(WatchUpdates.Ended(watch.Id, new NodeError(NodeErrorCode.Internal, unexpected.Message)));
        }
    }

    /// <summary>Asks for a bookmark; if the replica cannot find out how far that is, the watch ends, so that the client looks for a better one.</summary>
    private async Task RequestProgressAsync(StreamWatch watch, CancellationToken cancellationToken)
    {
        try
        {
            await node.RequestProgressAsync(watch.Watch!, cancellationToken).ConfigureAwait(false);
        }
        catch (NodeException failed)
        {
            if (Take(watch.Id) is null) return;
            Cancel(watch);
            Answer(WatchUpdates.Ended(watch.Id, failed.Error));
        }
        catch (OperationCanceledException)
        {
            // The stream has ended.
            Take(watch.Id);
        }
    }

    private StreamWatch? Take(ulong id)
    {
        lock (_lock) return _watches.Remove(id, out var watch) ? watch : null;
    }

    /// <summary>Watches that have begun: one, or all for 0.</summary>
    private List<StreamWatch> Find(ulong id)
    {
        lock (_lock) return [.. _watches.Values.Where(watch => watch.Watch is not null && (id == 0 || watch.Id == id))];
    }

    private void Cancel(StreamWatch watch)
    {
        lock (_lock) watch.IsCancelled = true;
        watch.Watch?.Cancel();
    }

    private void Answer(WatchUpdate update)
    {
        lock (_lock)
        {
            _answers.Enqueue(update);
            Signal();
        }
    }

    private void Signal()
    {
        if (_isSignalled) return;
        _isSignalled = true;
        _signal.Release();
    }

    private async Task WriteAsync(CancellationTokenSource ended)
    {
        try
        {
            while (true)
            {
                await _signal.WaitAsync(ended.Token).ConfigureAwait(false);
                lock (_lock) _isSignalled = false;
                // If an answer leaves a message empty, its signal brings the next one.
                while (Fill() is { } response) await writer.WriteAsync(response).ConfigureAwait(false);
            }
        }
        catch (Exception e) when (e is RpcException or OperationCanceledException or IOException or InvalidOperationException or ObjectDisposedException)
        {
            // The client has gone, or the stream has ended: the client resumes its watches where it likes.
            await ended.CancelAsync().ConfigureAwait(false);
        }
    }

    /// <summary>The next message; null when there is nothing to tell.</summary>
    private WatchResponse? Fill()
    {
        var response = new WatchResponse();
        lock (_lock)
            while (response.Updates.Count < UpdatesPerMessageMax && _answers.TryDequeue(out var answer)) response.Updates.Add(answer);
        var bytes = 0;
        while (response.Updates.Count < UpdatesPerMessageMax && bytes < WatchUpdates.EventsBytesMax && NextReady() is { } watch)
        {
            if (watch.Piece is null && watch.Watch!.TryTake(out var piece)) watch.Piece = piece;
            if (watch.Piece is null) continue;
            bytes += AddNext(response, watch);
        }
        return response.Updates.Count == 0 ? null : response;
    }

    private int AddNext(WatchResponse response, StreamWatch watch)
    {
        var isEnd = watch.Piece!.Kind == WatchBatchKind.Ended;
        var update = WatchUpdates.Next(watch, out var bytes);
        lock (_lock)
        {
            if (watch.IsCancelled) return 0;
            if (isEnd) _watches.Remove(watch.Id);
            else if (!watch.IsReady)
            {
                // Perhaps there is more: the watch stands at the end of the queue, so that none of the others starves.
                watch.IsReady = true;
                _ready.Enqueue(watch);
            }
        }
        response.Updates.Add(update);
        return bytes;
    }

    private StreamWatch? NextReady()
    {
        lock (_lock)
        {
            // A watch's creation is answered before its news: an answer that came meanwhile begins the next message.
            if (_answers.Count > 0 || !_ready.TryDequeue(out var watch)) return null;
            watch.IsReady = false;
            return watch;
        }
    }

    private WatchQuery Query(WatchCreate create)
    {
        if (!create.Key.IsEmpty && !(create.Start.IsEmpty && create.End.IsEmpty)) throw Bad("key: excludes start and end");
        Check("key", create.Key);
        Check("start", create.Start);
        Check("end", create.End);
        var first = create.Key.IsEmpty ? create.Start : create.Key;
        var range = create.Route is { } route ? ranges.Find(route.RangeId, route.Epoch) : ranges.Resolve(create.Keyspace, first.Span, null);
        var start = create.Route is not null && first.IsEmpty ? range.Start : first.Memory;
        var end = create.Key.IsEmpty ? create.End.Memory : (byte[])[.. create.Key.Span, 0];
        var kinds = (create.NoPuts ? WatchKinds.None : WatchKinds.Puts) | (create.NoDeletes ? WatchKinds.None : WatchKinds.Deletes);
        if (create.Route is null && end.IsEmpty && !range.End.IsEmpty) throw Bad($"end: the interval crosses the border of range {range.Id}; watch each range by itself, as Cluster.GetMap names them");
        return new WatchQuery(new RangeRoute(range.Id, range.Epoch), start, end, create.FromRevision == 0 ? null : new Revision(create.FromRevision), kinds,
            create.Previous ? WatchPrevious.Included : WatchPrevious.Omitted);
    }

    private static void Check(string name, ByteString key)
    {
        if (key.Length > CommandLimits.KeyBytesMax + 1) throw Bad($"{name}: {key.Length} bytes; the limit is {CommandLimits.KeyBytesMax}");
    }

    private static NodeException Bad(string message) => new(new NodeError(NodeErrorCode.InvalidArgument, message));
}
