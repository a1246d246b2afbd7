using Google.Protobuf;
using KvStore.Node.Peer;
using KvStore.Node.Transport;
using KvStore.Raft;

namespace KvStore.Node.Tests.Cluster;

/// <summary>Carries frames between virtual nodes with random delays, in order on each link. Links can be cut in one direction.</summary>
internal sealed class VirtualNetwork(VirtualClock clock, VirtualRandom random)
{
    private readonly Dictionary<NodeId, Port> _ports = [];
    private readonly HashSet<(NodeId, NodeId)> _cut = [];
    private readonly Dictionary<(NodeId, NodeId), MonotonicTime> _lastArrival = [];

    public int FramesSent { get; private set; }

    /// <summary>Sees each frame that arrives; false drops it.</summary>
    public Func<NodeId, NodeId, PeerFrame, bool>? Filter { get; set; }

    public ITransport Join(NodeId node)
    {
        var port = new Port(this, node);
        _ports[node] = port;
        return port;
    }

    public void Leave(NodeId node) => _ports.Remove(node);

    public void Isolate(NodeId node, IEnumerable<NodeId> others)
    {
        foreach (var other in others)
        {
            _cut.Add((node, other));
            _cut.Add((other, node));
        }
    }

    public void Cut(NodeId from, NodeId to) => _cut.Add((from, to));

    public void Heal() => _cut.Clear();

    private void Send(Port from, NodeId to, PeerFrame frame)
    {
        FramesSent++;
        var bytes = frame.ToByteArray();
        var link = (from.Node, to);
        var arrival = clock.Now + TimeSpan.FromMicroseconds(50 + random.Next(1000));
        if (_lastArrival.TryGetValue(link, out var last) && arrival < last) arrival = last;
        _lastArrival[link] = arrival;
        clock.At(arrival, () =>
        {
            if (_cut.Contains(link) || !_ports.TryGetValue(from.Node, out var sender) || sender != from) return;
            if (!_ports.TryGetValue(to, out var port) || port.Receiver is null) return;
            var received = PeerFrame.Parser.ParseFrom(bytes);
            if (Filter?.Invoke(from.Node, to, received) ?? true) port.Receiver.Received(from.Node, received);
        });
    }

    private sealed class Port(VirtualNetwork network, NodeId node) : ITransport
    {
        public NodeId Node { get; } = node;
        public IFrameReceiver? Receiver { get; private set; }
        public void Send(NodeId to, PeerFrame frame) => network.Send(this, to, frame);
        public void Receive(IFrameReceiver receiver) => Receiver = receiver;
        public void SetPeers(IReadOnlyDictionary<NodeId, string> peers)
        {
        }
    }
}
