using Grpc.Core;
using KvStore.Client.Internal.Watching;
using KvStore.Protocol.V1;

namespace KvStore.Client.Internal.Transport;

/// <summary>Everything that leads to one node. Thread-safe.</summary>
internal sealed class NodeConnection
{
    private readonly ChannelBase _channel;
    private readonly Backoff _backoff;
    private readonly Lock _gate = new();
    private int _failures;
    private long _restsUntil;
    private Failure? _lastFailure;

    public NodeConnection(string address, ChannelBase channel, Backoff backoff, Func<NodeConnection, IOperationSender> createSender, Func<NodeConnection, WatchLines> createWatches)
    {
        Address = address;
        _channel = channel;
        _backoff = backoff;
        Invoker = channel.CreateCallInvoker();
        Kv = new Kv.KvClient(Invoker);
        Cluster = new Cluster.ClusterClient(Invoker);
        Sender = createSender(this);
        Watches = createWatches(this);
    }

    public string Address { get; }

    public CallInvoker Invoker { get; }

    public Kv.KvClient Kv { get; }

    public Cluster.ClusterClient Cluster { get; }

    public IOperationSender Sender { get; }

    public WatchLines Watches { get; }

    /// <summary>Why nothing should be sent there now: it failed a moment ago. Null: it may be tried.</summary>
    public Failure? Resting
    {
        get
        {
            // The time is not looked at for a node that works.
            var until = Volatile.Read(ref _restsUntil);
            if (until == 0 || until <= _backoff.Now) return null;
            lock (_gate) return _lastFailure;
        }
    }

    /// <summary>Connecting or the stream failed: leave the node alone for a while.</summary>
    public void Rest(Failure failure, long now)
    {
        lock (_gate)
        {
            _lastFailure = failure;
            Volatile.Write(ref _restsUntil, now + _backoff.Ticks(_failures++));
        }
    }

    /// <summary>The node answered.</summary>
    public void Works()
    {
        if (Volatile.Read(ref _failures) == 0) return;
        lock (_gate)
        {
            _failures = 0;
            Volatile.Write(ref _restsUntil, 0L);
        }
    }

    public void Close()
    {
        Sender.Close();
        Watches.Close();
        (_channel as IDisposable)?.Dispose();
    }
}
