using System.Net;
using System.Net.Sockets;

namespace KvStore.Jepsen.Processes;

/// <summary>
/// Consecutive loopback ports that belong to one run until it ends: the first is held open as the claim, so that two runs at once take different blocks. They lie
/// below the ports that the system gives to outgoing connections, so that nothing takes a node's port while the node is down.
/// </summary>
internal sealed class PortBlock : IDisposable
{
    private const int First = 20_000;
    private const int Blocks = 180;
    private const int Size = 64;
    private readonly Socket _claim;
    private readonly int _base;

    private PortBlock(Socket claim, int first)
    {
        _claim = claim;
        _base = first;
    }

    /// <summary>The n-th port of the block, from 0.</summary>
    public int this[int n] => n is >= 0 and < Size - 1 ? _base + 1 + n : throw new ArgumentOutOfRangeException(nameof(n));

    /// <exception cref="InvalidOperationException">Every block is in use.</exception>
    public static PortBlock Claim(int count)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(count, Size);
        for (var i = 0; i < Blocks; i++)
        {
            var first = First + ((Environment.ProcessId + i) % Blocks * Size);
            if (TryBind(first) is not { } claim) continue;
            var block = new PortBlock(claim, first);
            if (Enumerable.Range(0, count).All(n => IsFree(block[n]))) return block;
            block.Dispose();
        }

        throw new InvalidOperationException($"No block of {count} free ports was found from port {First} on.");
    }

    public void Dispose() => _claim.Dispose();

    private static bool IsFree(int port)
    {
        using var socket = TryBind(port);
        return socket is not null;
    }

    private static Socket? TryBind(int port)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.Bind(new IPEndPoint(IPAddress.Loopback, port));
            socket.Listen();
            return socket;
        }
        catch (SocketException)
        {
            socket.Dispose();
            return null;
        }
    }
}
