using KvStore.Node.Peer;
using KvStore.Node.Transport;
using KvStore.Raft;

namespace KvStore.Simulation.World;

/// <summary>Carries frames between virtual nodes with random delays; frames of a link stay in order unless it is made to reorder. Links can be cut in one direction, lose, repeat and slow down.</summary>
internal sealed class VirtualNetwork(VirtualClock clock, VirtualRandom random, TraceLog trace)
{
    private readonly Dictionary<NodeId, Port> _ports = [];
    private readonly Dictionary<(NodeId, NodeId), Link> _links = [];
    private readonly FrameEncoder _encoder = new();

    public int FramesSent { get; private set; }
    public long FramesLost { get; private set; }

    /// <summary>Sees each frame that arrives; false drops it.</summary>
    public Func<NodeId, NodeId, PeerFrame, bool>? Filter { get; set; }

    /// <summary>Sees each frame that is sent, before anything can happen to it.</summary>
    public Action<NodeId, NodeId, PeerFrame>? Sent { get; set; }

    /// <summary>How bad the network is now, everywhere.</summary>
    public NetworkWeather Weather { get; set; } = NetworkWeather.Fine;

    public ITransport Join(NodeLife life)
    {
        var port = new Port(this, life);
        _ports[life.Node.Id] = port;
        return port;
    }

    public void Leave(NodeId node) => _ports.Remove(node);

    public void Isolate(NodeId node, IEnumerable<NodeId> others)
    {
        foreach (var other in others)
        {
            Cut(node, other);
            Cut(other, node);
        }
    }

    public void Cut(NodeId from, NodeId to) => LinkOf(from, to).Cuts++;

    /// <summary>Takes one cut back; a link that was cut twice stays cut.</summary>
    public void Mend(NodeId from, NodeId to)
    {
        var link = LinkOf(from, to);
        if (link.Cuts > 0) link.Cuts--;
    }

    public void Heal()
    {
        foreach (var link in _links.Values) link.Cuts = 0;
    }

    public bool IsCut(NodeId from, NodeId to) => LinkOf(from, to).Cuts > 0;

    /// <summary>Delays every frame of a link by that much more.</summary>
    public void Slow(NodeId from, NodeId to, TimeSpan by) => LinkOf(from, to).Slowness = by;

    private Link LinkOf(NodeId from, NodeId to)
    {
        if (!_links.TryGetValue((from, to), out var link)) _links.Add((from, to), link = new Link());
        return link;
    }

    private void Send(Port from, NodeId to, PeerFrame frame)
    {
        FramesSent++;
        Sent?.Invoke(from.Node, to, frame);
        var link = LinkOf(from.Node, to);
        var bytes = _encoder.Encode(frame);
        trace.Sent(from.Node, to, bytes.Hash);
        var arrival = clock.Now + TimeSpan.FromMicroseconds(50 + random.Next(1000)) + link.Slowness;
        if (Weather != NetworkWeather.Fine)
        {
            arrival += TimeSpan.FromMicroseconds(random.Next(Weather.DelayMicrosecondsMax + 1));
            if (random.ChanceIn(Weather.LostOfThousand))
            {
                FramesLost++;
                bytes.Release();
                return;
            }
            if (random.ChanceIn(Weather.LateOfThousand))
            {
                Deliver(from, to, link, bytes, arrival + random.Between(TimeSpan.Zero, NetworkWeather.LateMax));
                return;
            }
            if (random.ChanceIn(Weather.RepeatedOfThousand)) Deliver(from, to, link, bytes.Copy(), arrival + TimeSpan.FromMicroseconds(random.Next(200_000)));
            if (random.ChanceIn(Weather.ReorderedOfThousand))
            {
                Deliver(from, to, link, bytes, arrival + TimeSpan.FromMicroseconds(random.Next(50_000)));
                return;
            }
        }
        if (arrival < link.LastArrival) arrival = link.LastArrival;
        link.LastArrival = arrival;
        Deliver(from, to, link, bytes, arrival);
    }

    private void Deliver(Port from, NodeId to, Link link, EncodedFrame bytes, MonotonicTime arrival) => clock.At(arrival, () => Arrive(from, to, link, bytes));

    private void Arrive(Port from, NodeId to, Link link, in EncodedFrame bytes)
    {
        if (link.Cuts > 0 || !_ports.TryGetValue(from.Node, out var sender) || sender != from)
        {
            FramesLost++;
            bytes.Release();
            return;
        }
        if (!_ports.TryGetValue(to, out var port) || port.Receiver is null) bytes.Release();
        else if (port.Life.Node.IsFrozen) ReceiveWhenThawed(from, port, link, bytes);
        else Receive(from, port, link, bytes);
    }

    private void ReceiveWhenThawed(Port from, Port port, Link link, EncodedFrame bytes) => port.Life.Node.WhenThawed(() => Receive(from, port, link, bytes));

    private void Receive(Port from, Port port, Link link, in EncodedFrame bytes)
    {
        PeerFrame received;
        try
        {
            if (port.Life.HasEnded) return;
            if (!HaveMet(from, port, link))
            {
                FramesLost++;
                return;
            }
            received = PeerFrame.Parser.ParseFrom(bytes.Span);
        }
        finally
        {
            bytes.Release();
        }
        try
        {
            if (Filter?.Invoke(from.Node, port.Node, received) ?? true) port.Receiver!.Received(from.Node, received);
        }
        catch (LifeEndedException)
        {
            Died(port);
        }
    }

    private void Died(Port port) => trace.Line(() => $"node {port.Node} died over a frame");

    /// <summary>As at each new connection: both say who they are before anything else, and what one of them refuses is lost.</summary>
    private bool HaveMet(Port from, Port to, Link link)
    {
        if (link.Met.From == from && link.Met.To == to) return true;
        if (!Welcomes(to, from) || !Welcomes(from, to)) return false;
        link.Met = (from, to);
        return true;
    }

    private bool Welcomes(Port port, Port other)
    {
        if (port.Life.HasEnded || other.Life.HasEnded || other.Life.Node.Identity is not { } identity) return false;
        try
        {
            var refusal = port.Life.Node.Node.Peers.Refuse(other.Node, identity.ClusterId.Span, identity.Incarnation.Span);
            if (refusal is not null) trace.Line(() => $"node {port.Node} refuses node {other.Node}: {refusal}");
            return refusal is null;
        }
        catch (Exception ended) when (ended is IOException or LifeEndedException)
        {
            trace.Line(() => $"node {port.Node} could not greet node {other.Node}: {ended.Message}");
            return false;
        }
    }

    private sealed class Link
    {
        /// <summary>The lives of both nodes that have greeted each other.</summary>
        public (Port? From, Port? To) Met { get; set; }
        public int Cuts { get; set; }
        public TimeSpan Slowness { get; set; }
        public MonotonicTime LastArrival { get; set; }
    }

    private sealed class Port(VirtualNetwork network, NodeLife life) : ITransport
    {
        public NodeLife Life => life;
        public NodeId Node => life.Node.Id;
        public IFrameReceiver? Receiver { get; private set; }

        public void Send(NodeId to, PeerFrame frame)
        {
            life.Yield(YieldPoint.Send);
            network.Send(this, to, frame);
        }

        public void Receive(IFrameReceiver receiver) => Receiver = receiver;

        public void SetPeers(IReadOnlyDictionary<NodeId, string> peers)
        {
        }
    }
}
