using System.Buffers;
using System.Net;
using System.Net.Sockets;
using Google.Protobuf;
using KvStore.Node.Peer;
using KvStore.Raft;
using KvStore.Server.Hosting;
using Microsoft.Extensions.Logging;

namespace KvStore.Server.Transport;

/// <summary>
/// This node's sending side to one other node: dials, greets, and sends. A frame is written by the caller's own thread when the socket takes it,
/// else by the link's thread: on a quiet link a message costs no wake-up here.
/// </summary>
internal sealed class PeerLink
{
    private const int QueuedBytesMax = 64 << 20;
    private static readonly TimeSpan DialTimeout = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Moment = TimeSpan.FromMilliseconds(100);
    private readonly NodeId _node;
    private readonly TcpTransport _transport;
    private readonly ILogger _logger;
    private readonly Gate _gate = new();
    private readonly Thread _thread;
    private readonly object _lock = new();
    // Guarded by _lock. Frames that the socket has not taken yet; the first may be sent in part (_sentOfFirst).
    private readonly Queue<ArraySegment<byte>> _queue = [];
    private int _sentOfFirst;
    private long _queuedBytes;
    // Guarded by _lock. Null while there is no greeted connection: frames are dropped then, Raft sends again.
    private Socket? _socket;
    private volatile string _address;
    private volatile bool _stopping;
    private string? _reported;

    public PeerLink(NodeId node, string address, TcpTransport transport, ILogger logger)
    {
        _node = node;
        _address = address;
        _transport = transport;
        _logger = logger;
        _thread = new Thread(Run) { IsBackground = true, Name = $"peer {node}" };
        _thread.Start();
    }

    public void SetAddress(string address) => _address = address;

    /// <summary>The other node is there: a link that waits before it dials again need not.</summary>
    public void Hurry() => _gate.Set();

    /// <summary>The other node's own connection ended, so this one may have too, or will in a moment: a link with nothing to send would not notice. Waits for that moment.</summary>
    public void Suspect()
    {
        Socket? socket;
        lock (_lock) socket = _socket;
        try
        {
            socket?.Poll(Moment, SelectMode.SelectRead);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // The link's thread has noticed.
        }

        _gate.Set();
    }

    public void Send(PeerFrame frame)
    {
        var dropped = false;
        lock (_lock)
        {
            if (_socket is null) return;
            var encoded = PeerFraming.Encode(frame);
            if (_queuedBytes + encoded.Count > QueuedBytesMax)
            {
                ArrayPool<byte>.Shared.Return(encoded.Array!);
                dropped = true;
            }
            else
            {
                _queue.Enqueue(encoded);
                _queuedBytes += encoded.Count;
                if (_queue.Count > 1) return;
                if (SendQueued(_socket)) return;
            }
        }

        if (dropped) _transport.ReportUnreachable(_node);
        else _gate.Set();
    }

    public void Stop()
    {
        _stopping = true;
        Disconnect();
        _gate.Set();
    }

    public void Join() => _thread.Join();

    private void Run()
    {
        while (!_stopping)
        {
            var socket = Dial();
            if (socket is null)
            {
                _gate.Wait(_transport.RedialPause);
                continue;
            }

            lock (_lock) _socket = socket;
            Pump(socket);
            Disconnect();
            socket.Dispose();
            if (!_stopping) _transport.ReportUnreachable(_node);
        }
    }

    // Writes what callers could not, until the connection breaks.
    private void Pump(Socket socket)
    {
        try
        {
            while (!_stopping)
            {
                bool empty;
                lock (_lock)
                {
                    if (_socket != socket) return;
                    empty = SendQueued(socket);
                }

                if (empty)
                {
                    _gate.Wait(_transport.IdleCheck);
                    if (socket.Poll(0, SelectMode.SelectRead) && socket.Available == 0) return;
                }
                else
                {
                    socket.Poll(TimeSpan.FromMilliseconds(100), SelectMode.SelectWrite);
                }
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            PeerLog.LinkBroken(_logger, _node.Value, e.Message);
        }
    }

    // True when nothing is left. A broken connection leaves the frames to Disconnect, which drops them.
    private bool SendQueued(Socket socket)
    {
        while (_queue.TryPeek(out var first))
        {
            var sent = socket.Send(first.AsSpan(_sentOfFirst), SocketFlags.None, out var error);
            if (error is SocketError.WouldBlock or SocketError.IOPending) return false;
            if (error != SocketError.Success)
            {
                _socket = null;
                return false;
            }

            _sentOfFirst += sent;
            if (_sentOfFirst < first.Count) continue;
            _queue.Dequeue();
            _queuedBytes -= first.Count;
            _sentOfFirst = 0;
            ArrayPool<byte>.Shared.Return(first.Array!);
        }

        return true;
    }

    private Socket? Dial()
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true, SendBufferSize = 4 << 20 };
        try
        {
            var endPoint = IPEndPoint.Parse(_address.Replace("localhost", "127.0.0.1", StringComparison.Ordinal));
            if (endPoint.AddressFamily == AddressFamily.InterNetworkV6)
            {
                socket.Dispose();
                socket = new Socket(AddressFamily.InterNetworkV6, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true, SendBufferSize = 4 << 20 };
            }

            using (var limit = new CancellationTokenSource(DialTimeout))
                socket.ConnectAsync(endPoint, limit.Token).AsTask().GetAwaiter().GetResult();
            socket.SendTimeout = socket.ReceiveTimeout = (int)DialTimeout.TotalMilliseconds;
            socket.Blocking = true;
            Greet(socket);
            socket.Blocking = false;
            _reported = null;
            PeerLog.LinkUp(_logger, _node.Value, _address);
            return socket;
        }
        catch (Exception e) when (e is SocketException or IOException or OperationCanceledException or InvalidDataException or InvalidProtocolBufferException or FormatException or ObjectDisposedException)
        {
            socket.Dispose();
            // Once for each new reason: a node that is down is dialled ten times a second.
            if (_reported != e.Message) PeerLog.DialFailed(_logger, _node.Value, _address, e.Message);
            _reported = e.Message;
            return null;
        }
    }

    private void Greet(Socket socket)
    {
        var hello = PeerFraming.Encode(_transport.HelloTo(_node));
        try { socket.Send(hello); }
        finally { ArrayPool<byte>.Shared.Return(hello.Array!); }
        if (!new FrameReader(socket).TryRead(out var body)) throw new IOException("the other side closed the connection instead of greeting");
        var answer = Hello.Parser.ParseFrom(body);
        if (_transport.Refusal(answer, _node) is { } refusal) throw new IOException(refusal);
    }

    private void Disconnect()
    {
        lock (_lock)
        {
            _socket?.Dispose();
            _socket = null;
            while (_queue.TryDequeue(out var frame)) ArrayPool<byte>.Shared.Return(frame.Array!);
            _queuedBytes = 0;
            _sentOfFirst = 0;
        }
    }
}
