using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Google.Protobuf;
using KvStore.Node.Peer;
using KvStore.Node.Transport;
using KvStore.Raft;
using KvStore.Server.Transport;
using Microsoft.Extensions.Logging.Abstractions;

namespace KvStore.Server.Tests.Transport;

public sealed class TcpTransportTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [Fact]
    public void Frames_arrive_whole_and_in_order()
    {
        using var a = new End(1, "cluster");
        using var b = new End(2, "cluster");
        Connect(a, b);
        a.SendUntilReceived(b);
        for (var i = 0; i < 200; i++) a.Transport.Send(new NodeId(2), Frame((ulong)i + 1000, new byte[i * 997]));
        for (var i = 0; i < 200; i++)
        {
            var frame = b.Take();
            while (frame.Messages[0].GroupId < 1000) frame = b.Take();
            Assert.Equal((ulong)i + 1000, frame.Messages[0].GroupId);
            Assert.Equal(i * 997, frame.Messages[0].Entries[0].Payload.Length);
        }
    }

    [Fact]
    public void A_node_of_another_cluster_is_refused()
    {
        using var a = new End(1, "cluster");
        using var b = new End(2, "other cluster");
        Connect(a, b);
        Assert.Contains("another cluster", a.Transport.Refusal(b.Transport.HelloTo(new NodeId(1)), new NodeId(2)), StringComparison.Ordinal);
        Assert.Contains("another cluster", b.Transport.Refusal(a.Transport.HelloTo(new NodeId(2)), new NodeId(1)), StringComparison.Ordinal);
    }

    [Fact]
    public void A_wiped_node_is_refused_by_the_incarnation_that_was_seen_first()
    {
        using var a = new End(1, "cluster") { Refuse = (_, incarnation) => incarnation.Span[0] == 2 ? "node 2 was wiped: kvctl node replace 2" : null };
        using var b = new End(2, "cluster");
        Connect(a, b);
        Assert.Equal("node 2 was wiped: kvctl node replace 2", a.Transport.Refusal(b.Transport.HelloTo(new NodeId(1)), new NodeId(2)));
    }

    [Fact]
    public void A_connection_that_sends_garbage_is_closed_and_the_others_go_on()
    {
        using var a = new End(1, "cluster");
        using var b = new End(2, "cluster");
        Connect(a, b);
        using (var stranger = new TcpClient())
        {
            stranger.Connect(b.Transport.LocalEndPoint!);
            stranger.GetStream().Write(Enumerable.Repeat((byte)0xFF, 64).ToArray());
            Assert.Equal(0, ReadToEnd(stranger.GetStream()));
        }

        a.SendUntilReceived(b);
    }

    [Fact]
    public void A_frame_with_a_flipped_bit_is_refused()
    {
        var frame = PeerFraming.Encode(Frame(1, [1, 2, 3]));
        for (var bit = 32; bit < frame.Count * 8; bit++)
        {
            var damaged = frame.ToArray();
            damaged[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.Throws<InvalidDataException>(() => PeerFraming.Verify(damaged, damaged.AsSpan(PeerFraming.HeaderBytes)));
        }
    }

    [Fact]
    public void A_quiet_link_notices_that_the_other_node_died_and_dials_as_soon_as_that_one_does()
    {
        using var a = new End(1, "cluster");
        var b = new End(2, "cluster");
        Connect(a, b);
        a.SendUntilReceived(b);
        b.SendUntilReceived(a);
        b.Dispose();
        Assert.Equal(new NodeId(2), a.TakeUnreachable());
        using var restarted = new End(2, "cluster", b.EndPoint);
        restarted.Start([a, restarted]);
        a.SendUntilReceived(restarted);
    }

    private static int ReadToEnd(NetworkStream stream)
    {
        stream.ReadTimeout = (int)Patience.TotalMilliseconds;
        var buffer = new byte[16];
        try { return stream.Read(buffer); }
        catch (IOException e) when (e.InnerException is SocketException { SocketErrorCode: SocketError.ConnectionReset }) { return 0; }
    }

    private static void Connect(params End[] ends)
    {
        foreach (var end in ends) end.Start(ends);
    }

    private static PeerFrame Frame(ulong number, byte[] payload) =>
        new() { Messages = { new GroupMessage { GroupId = number, Entries = { new LogEntry { Payload = ByteString.CopyFrom(payload) } } } } };

    private sealed class End : IFrameReceiver, IDisposable
    {
        // No test waits for what a link does by itself after a time.
        private static readonly TimeSpan Never = TimeSpan.FromHours(1);
        private readonly BlockingCollection<PeerFrame> _received = [];
        private readonly BlockingCollection<NodeId> _unreachable = [];
        private readonly PeerIdentity _identity;

        public End(ulong node, string cluster, IPEndPoint? endPoint = null)
        {
            _identity = new PeerIdentity(ByteString.CopyFromUtf8(cluster).Memory, new NodeId(node), new[] { (byte)node });
            Transport = new TcpTransport(endPoint ?? new IPEndPoint(IPAddress.Loopback, 0), NullLogger<TcpTransport>.Instance) { RedialPause = Never, IdleCheck = Never };
            Transport.Bind();
            EndPoint = Transport.LocalEndPoint!;
            Transport.Receive(this);
        }

        public TcpTransport Transport { get; }

        public IPEndPoint EndPoint { get; }

        public Func<NodeId, ReadOnlyMemory<byte>, string?> Refuse { get; init; } = (_, _) => null;

        public void Start(End[] ends)
        {
            Transport.Start(_identity, Refuse);
            Transport.SetPeers(ends.ToDictionary(e => e._identity.Node, e => e.EndPoint.ToString()));
        }

        public PeerFrame Take() => _received.TryTake(out var frame, Patience) ? frame : throw new TimeoutException("no frame came");

        // Frames are dropped until the link is up, as Raft expects.
        public void SendUntilReceived(End other)
        {
            var end = DateTime.UtcNow + Patience;
            while (DateTime.UtcNow < end)
            {
                Transport.Send(other._identity.Node, Frame(0, []));
                if (other._received.TryTake(out _, TimeSpan.FromMilliseconds(10))) return;
            }

            throw new TimeoutException("the link did not come up");
        }

        public void Received(NodeId from, PeerFrame frame) => _received.Add(frame);

        public NodeId TakeUnreachable() => _unreachable.TryTake(out var node, Patience) ? node : throw new TimeoutException("no link noticed anything");

        public void Unreachable(NodeId node) => _unreachable.Add(node);

        public void Dispose() => Transport.Dispose();
    }
}
