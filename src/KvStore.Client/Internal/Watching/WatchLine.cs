using System.Threading.Channels;
using Grpc.Core;
using KvStore.Client.Internal.Transport;
using KvStore.Protocol.V1;

namespace KvStore.Client.Internal.Watching;

/// <summary>One incarnation of the watch stream to a node, shared by all watches of the client that the node serves. Reading never waits for a watch's consumer.</summary>
internal sealed class WatchLine
{
    private readonly NodeConnection _connection;
    private readonly Dispatcher _dispatcher;
    private readonly AsyncDuplexStreamingCall<WatchRequest, WatchResponse> _call;
    private readonly Channel<WatchRequest> _requests = Channel.CreateUnbounded<WatchRequest>(new UnboundedChannelOptions { SingleReader = true });
    private readonly Lock _gate = new();
    private readonly Dictionary<ulong, IWatchListener> _listeners = [];
    private ulong _lastId;
    private bool _isClosed;

    public WatchLine(NodeConnection connection, Dispatcher dispatcher)
    {
        _connection = connection;
        _dispatcher = dispatcher;
        _call = new Protocol.V1.Watch.WatchClient(connection.Invoker).Watch();
    }

    public void Start()
    {
        _ = SendAsync();
        _ = ReceiveAsync();
    }

    /// <summary>Begins a watch; its id is filled in. 0: the line has ended, take another one.</summary>
    public ulong Add(WatchCreate create, IWatchListener listener)
    {
        lock (_gate)
        {
            if (_isClosed) return 0;
            create.WatchId = ++_lastId;
            _listeners.Add(create.WatchId, listener);
            _requests.Writer.TryWrite(new WatchRequest { Create = create });
            return create.WatchId;
        }
    }

    /// <summary>The listener hears no more. A line without listeners ends.</summary>
    public void Remove(ulong id)
    {
        lock (_gate)
        {
            if (_isClosed || !_listeners.Remove(id)) return;
            _requests.Writer.TryWrite(new WatchRequest { Cancel = new WatchCancel { WatchId = id } });
            if (_listeners.Count > 0) return;
            _isClosed = true;
            _requests.Writer.TryComplete();
        }
    }

    public void Close() => End(Dispatcher.Disposed);

    private async Task SendAsync()
    {
        try
        {
            await foreach (var request in _requests.Reader.ReadAllAsync().ConfigureAwait(false)) await _call.RequestStream.WriteAsync(request).ConfigureAwait(false);
            await _call.RequestStream.CompleteAsync().ConfigureAwait(false);
        }
        catch (Exception e)
        {
            // Whatever it was, the stream is not to be trusted; its watches learn why.
            End(FailureReader.Read(e, _connection.Address));
        }
    }

    private async Task ReceiveAsync()
    {
        try
        {
            while (await _call.ResponseStream.MoveNext(CancellationToken.None).ConfigureAwait(false))
            {
                _connection.Works();
                foreach (var update in _call.ResponseStream.Current.Updates) Hand(update);
            }
            End(new Failure(ErrorCode.Unavailable, $"{_connection.Address}: the node ended the stream of watches"));
        }
        catch (Exception e)
        {
            // The same as for a failed write, so that no watch waits in vain.
            End(FailureReader.Read(e, _connection.Address));
        }
    }

    private void Hand(WatchUpdate update)
    {
        IWatchListener? listener;
        lock (_gate)
        {
            if (!_listeners.TryGetValue(update.WatchId, out listener)) return;
            if (update.UpdateCase == WatchUpdate.UpdateOneofCase.Ended) _listeners.Remove(update.WatchId);
        }
        listener.Updated(update);
    }

    private void End(Failure failure)
    {
        IWatchListener[] left;
        lock (_gate)
        {
            var wasClosed = _isClosed;
            _isClosed = true;
            left = [.. _listeners.Values];
            _listeners.Clear();
            _requests.Writer.TryComplete();
            if (!wasClosed && failure.Code == ErrorCode.Unavailable && failure != Dispatcher.Disposed) _connection.Rest(failure, _dispatcher.Now);
        }
        _call.Dispose();
        foreach (var listener in left) listener.Lost(failure);
    }
}
