using System.Net;
using System.Net.Sockets;
using Google.Protobuf;
using KvStore.Node.Peer;
using KvStore.Node.Transport;
using KvStore.Raft;
using KvStore.Server.Hosting;
using Microsoft.Extensions.Logging;

namespace KvStore.Server.Transport;

/// <summary>
/// Frames between nodes over TCP: each node dials every other and sends on that connection; what it receives comes on the connections that it accepted.
/// The first frame both ways is a <see cref="Hello"/>; a node of another cluster, or one whose data directory was wiped, is refused.
/// </summary>
internal sealed class TcpTransport(IPEndPoint listen, ILogger<TcpTransport> logger) : ITransport, IDisposable
{
    private static readonly TimeSpan GreetingTimeout = TimeSpan.FromSeconds(5);
    private readonly object _lock = new();
    // Guarded by _lock.
    private readonly Dictionary<NodeId, PeerLink> _links = [];
    private readonly HashSet<Socket> _accepted = [];
    // Replaced whole under _lock; read without it on every send.
    private volatile IReadOnlyDictionary<NodeId, PeerLink> _published = new Dictionary<NodeId, PeerLink>();
    private IReadOnlyDictionary<NodeId, string> _peers = new Dictionary<NodeId, string>();
    private volatile IFrameReceiver? _receiver;
    private Socket? _listener;
    private PeerIdentity? _self;
    private Func<NodeId, ReadOnlyMemory<byte>, string?>? _refuseIncarnation;
    private volatile bool _stopping;

    /// <summary>How long a link waits after a failed dial, unless the other node dials meanwhile.</summary>
    internal TimeSpan RedialPause { get; init; } = TimeSpan.FromMilliseconds(100);

    /// <summary>How often a link that has nothing to send looks whether its connection still stands, beside when the other node's own connection ends.</summary>
    internal TimeSpan IdleCheck { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Where it listens, once started.</summary>
    public IPEndPoint? LocalEndPoint => _listener?.LocalEndPoint as IPEndPoint;

    /// <summary>Binds the port. Fails now rather than after the node has opened.</summary>
    /// <exception cref="SocketException">The port is in use.</exception>
    public void Bind()
    {
        var socket = new Socket(listen.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.Bind(listen);
        }
        catch
        {
            socket.Dispose();
            throw;
        }

        _listener = socket;
    }

    /// <summary>Starts to dial and to accept. <paramref name="refuseIncarnation"/> says why a node with that incarnation is refused, or null.</summary>
    public void Start(PeerIdentity self, Func<NodeId, ReadOnlyMemory<byte>, string?> refuseIncarnation)
    {
        _self = self;
        _refuseIncarnation = refuseIncarnation;
        _listener!.Listen();
        new Thread(Accept) { IsBackground = true, Name = "peer accept" }.Start();
        lock (_lock) UpdateLinks();
    }

    public void Receive(IFrameReceiver receiver) => _receiver = receiver;

    public void Send(NodeId to, PeerFrame frame) => LinkTo(to)?.Send(frame);

    public void SetPeers(IReadOnlyDictionary<NodeId, string> peers)
    {
        lock (_lock)
        {
            _peers = peers;
            if (_self is not null) UpdateLinks();
        }
    }

    public void Dispose()
    {
        PeerLink[] links;
        lock (_lock)
        {
            _stopping = true;
            _listener?.Dispose();
            foreach (var socket in _accepted) socket.Dispose();
            links = [.. _links.Values];
            _links.Clear();
            _published = new Dictionary<NodeId, PeerLink>();
        }

        foreach (var link in links) link.Stop();
        foreach (var link in links) link.Join();
    }

    internal void ReportUnreachable(NodeId node) => _receiver?.Unreachable(node);

    internal Hello HelloTo(NodeId node) => new()
    {
        ClusterId = UnsafeByteOperations.UnsafeWrap(_self!.ClusterId),
        NodeId = _self.Node.Value,
        Incarnation = UnsafeByteOperations.UnsafeWrap(_self.Incarnation),
        FormatVersion = PeerFraming.FormatVersion,
        ToNodeId = node.Value,
    };

    /// <summary>Why a greeting is not accepted; null when it is. <paramref name="expected"/> none: any node.</summary>
    internal string? Refusal(Hello hello, NodeId expected)
    {
        if (!hello.ClusterId.Span.SequenceEqual(_self!.ClusterId.Span)) return $"node {hello.NodeId} belongs to another cluster ({Convert.ToHexStringLower(hello.ClusterId.Span)})";
        if (hello.FormatVersion != PeerFraming.FormatVersion) return $"node {hello.NodeId} speaks peer format {hello.FormatVersion}, this node {PeerFraming.FormatVersion}";
        if (expected != NodeId.None && hello.NodeId != expected.Value) return $"expected node {expected} at that address, found node {hello.NodeId}";
        if (hello.ToNodeId != _self.Node.Value) return $"node {hello.NodeId} looked for node {hello.ToNodeId}, this is node {_self.Node}";
        return _refuseIncarnation!(new NodeId(hello.NodeId), hello.Incarnation.Memory);
    }

    private void UpdateLinks()
    {
        if (_stopping) return;
        foreach (var (node, address) in _peers)
        {
            if (node == _self!.Node) continue;
            if (_links.TryGetValue(node, out var link)) link.SetAddress(address);
            else _links.Add(node, new PeerLink(node, address, this, logger));
        }

        foreach (var gone in _links.Keys.Where(n => !_peers.ContainsKey(n)).ToList())
        {
            _links[gone].Stop();
            _links.Remove(gone);
        }

        _published = new Dictionary<NodeId, PeerLink>(_links);
    }

    private void Accept()
    {
        while (!_stopping)
        {
            Socket socket;
            try
            {
                socket = _listener!.Accept();
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException)
            {
                if (_stopping) return;
                PeerLog.AcceptFailed(logger, e.Message);
                continue;
            }

            lock (_lock)
            {
                if (_stopping)
                {
                    socket.Dispose();
                    return;
                }

                _accepted.Add(socket);
            }

            new Thread(() => ReceiveAll(socket)) { IsBackground = true, Name = "peer receive" }.Start();
        }
    }

    private void ReceiveAll(Socket socket)
    {
        var from = NodeId.None;
        try
        {
            socket.NoDelay = true;
            socket.ReceiveBufferSize = 4 << 20;
            socket.ReceiveTimeout = (int)GreetingTimeout.TotalMilliseconds;
            var frames = new FrameReader(socket);
            if (!frames.TryRead(out var body)) return;
            var hello = Hello.Parser.ParseFrom(body);
            if (Refusal(hello, NodeId.None) is { } refusal)
            {
                PeerLog.Refused(logger, socket.RemoteEndPoint?.ToString() ?? "?", refusal);
                return;
            }

            var answer = PeerFraming.Encode(HelloTo(new NodeId(hello.NodeId)));
            socket.Send(answer);
            System.Buffers.ArrayPool<byte>.Shared.Return(answer.Array!);
            socket.ReceiveTimeout = 0;
            from = new NodeId(hello.NodeId);
            LinkTo(from)?.Hurry();
            while (frames.TryRead(out body))
            {
                using (BorrowedTurns.Collect()) _receiver?.Received(from, PeerFrame.Parser.ParseFrom(body));
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException or InvalidDataException or InvalidProtocolBufferException)
        {
            if (!_stopping) PeerLog.ReceiveEnded(logger, e.Message);
        }
        finally
        {
            lock (_lock) _accepted.Remove(socket);
            socket.Dispose();
            LinkTo(from)?.Suspect();
        }
    }

    private PeerLink? LinkTo(NodeId node) => _published.GetValueOrDefault(node);
}
