using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using KvStore.Jepsen.Network;
using KvStore.Jepsen.Processes;

namespace KvStore.Jepsen.Tests.Network;

/// <summary>Two nodes that are only listening sockets, with the proxies before them.</summary>
public sealed class ProxyNetworkTests : IAsyncLifetime
{
    private static readonly byte[] Ping = [1, 2, 3];
    private readonly PortBlock _block = PortBlock.Claim(10);
    private readonly List<Socket> _sockets = [];
    private readonly Socket _peerOfSecond;
    private readonly Socket _clientsOfFirst;
    private readonly ProxyNetwork _network;
    private readonly NodePorts[] _ports;

    public ProxyNetworkTests()
    {
        _ports = [new NodePorts(_block[0], _block[1], _block[2], _block[3], 0), new NodePorts(_block[4], _block[5], _block[6], _block[7], 0)];
        _peerOfSecond = Listen(_ports[1].PeerListen);
        _clientsOfFirst = Listen(_ports[0].ClientListen);
        _network = new ProxyNetwork(_ports);
    }

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        await _network.DisposeAsync();
        foreach (var socket in _sockets) socket.Dispose();
        _block.Dispose();
    }

    [Fact]
    public async Task The_greeting_of_a_node_tells_which_link_its_connection_passes()
    {
        _network.Between(0, 1).Condition = LinkCondition.Cut;
        var dialled = Dial(_ports[1].Peer);
        await dialled.SendAsync(Greeting(from: 1));
        var accepted = await AcceptAsync(_peerOfSecond);
        Assert.Equal(0, accepted.Available);
        _network.Between(0, 1).Condition = LinkCondition.Good;
        Assert.Equal(Greeting(from: 1), await ReadAsync(accepted, Greeting(from: 1).Length));
    }

    [Fact]
    public async Task A_link_cut_one_way_still_carries_the_other_way()
    {
        var dialled = Dial(_ports[1].Peer);
        await dialled.SendAsync(Greeting(from: 1));
        var accepted = await AcceptAsync(_peerOfSecond);
        await ReadAsync(accepted, Greeting(from: 1).Length);
        _network.Between(0, 1).Condition = LinkCondition.Cut;
        await dialled.SendAsync(Ping);
        await accepted.SendAsync(Ping);
        Assert.Equal(Ping, await ReadAsync(dialled, Ping.Length));
        Assert.Equal(0, accepted.Available);
        _network.Heal();
        Assert.Equal(Ping, await ReadAsync(accepted, Ping.Length));
    }

    [Fact]
    public async Task A_stranger_at_a_peer_port_is_turned_away()
    {
        var dialled = Dial(_ports[1].Peer);
        await dialled.SendAsync(Greeting(from: 9));
        Assert.Equal(0, await dialled.ReceiveAsync(new byte[1]));
    }

    [Fact]
    public async Task A_reset_link_breaks_its_connections()
    {
        var dialled = Dial(_ports[0].Client);
        await dialled.SendAsync(Ping);
        var accepted = await AcceptAsync(_clientsOfFirst);
        await ReadAsync(accepted, Ping.Length);
        foreach (var link in _network.Clients(0)) link.Reset();
        Assert.Equal(SocketError.ConnectionReset, (await Assert.ThrowsAsync<SocketException>(() => dialled.ReceiveAsync(new byte[1]))).SocketErrorCode);
    }

    [Fact]
    public async Task A_node_that_is_down_resets_who_dials_it()
    {
        var dialled = Dial(_ports[1].Client);
        await Assert.ThrowsAsync<SocketException>(() => dialled.ReceiveAsync(new byte[1]));
    }

    [Fact]
    public void Two_runs_take_different_ports()
    {
        using var other = PortBlock.Claim(10);
        Assert.NotEqual(_block[0], other[0]);
    }

    // Length, checksum (which proxies leave to the nodes), cluster id, node id.
    private static byte[] Greeting(byte from)
    {
        byte[] body = [0x0A, 2, 7, 7, 0x10, from, 0x1A, 1, 5];
        var frame = new byte[8 + body.Length];
        BinaryPrimitives.WriteInt32LittleEndian(frame, body.Length);
        body.CopyTo(frame, 8);
        return frame;
    }

    private static async Task<byte[]> ReadAsync(Socket socket, int count)
    {
        var bytes = new byte[count];
        for (var read = 0; read < count;) read += await socket.ReceiveAsync(bytes.AsMemory(read)) is var more and > 0 ? more : throw new EndOfStreamException();
        return bytes;
    }

    private Socket Listen(int port)
    {
        var socket = New();
        socket.Bind(new IPEndPoint(IPAddress.Loopback, port));
        socket.Listen();
        return socket;
    }

    private Socket Dial(int port)
    {
        var socket = New();
        socket.Connect(new IPEndPoint(IPAddress.Loopback, port));
        return socket;
    }

    private async Task<Socket> AcceptAsync(Socket listener)
    {
        var socket = await listener.AcceptAsync();
        _sockets.Add(socket);
        return socket;
    }

    private Socket New()
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        _sockets.Add(socket);
        return socket;
    }
}
