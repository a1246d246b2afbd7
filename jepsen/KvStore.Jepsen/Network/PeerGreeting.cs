using System.Buffers.Binary;
using System.Net.Sockets;

namespace KvStore.Jepsen.Network;

/// <summary>
/// Reads the first frame of a connection between nodes (docs/formats/peer.md: length, checksum, a Hello) to learn which node dialled.
/// </summary>
internal static class PeerGreeting
{
    private const int HeaderBytes = 8;
    private const int HelloBytesMax = 4096;
    private const int NodeIdField = 2;
    private const int LengthDelimited = 2;

    /// <returns>The dialling node's id and what was read; null: no greeting came.</returns>
    public static async ValueTask<(int Node, ReadOnlyMemory<byte> Bytes)?> ReadAsync(Socket socket, CancellationToken cancellationToken)
    {
        var bytes = new byte[HeaderBytes + HelloBytesMax];
        if (!await FillAsync(socket, bytes.AsMemory(0, HeaderBytes), cancellationToken).ConfigureAwait(false)) return null;
        var length = BinaryPrimitives.ReadInt32LittleEndian(bytes);
        if (length is <= 0 or > HelloBytesMax) return null;
        if (!await FillAsync(socket, bytes.AsMemory(HeaderBytes, length), cancellationToken).ConfigureAwait(false)) return null;
        return NodeOf(bytes.AsSpan(HeaderBytes, length)) is { } node ? (node, bytes.AsMemory(0, HeaderBytes + length)) : null;
    }

    private static int? NodeOf(ReadOnlySpan<byte> hello)
    {
        while (hello.Length > 0)
        {
            var tag = Varint(ref hello);
            var number = Varint(ref hello);
            if (tag >> 3 == NodeIdField) return (int)number;
            if ((tag & 7) != LengthDelimited) continue;
            if (number > (ulong)hello.Length) return null;
            hello = hello[(int)number..];
        }

        return null;
    }

    private static ulong Varint(ref ReadOnlySpan<byte> bytes)
    {
        var value = 0ul;
        for (var shift = 0; bytes.Length > 0 && shift < 64; shift += 7)
        {
            var b = bytes[0];
            bytes = bytes[1..];
            value |= (ulong)(b & 0x7F) << shift;
            if (b < 0x80) break;
        }

        return value;
    }

    private static async ValueTask<bool> FillAsync(Socket socket, Memory<byte> target, CancellationToken cancellationToken)
    {
        while (target.Length > 0)
        {
            var read = await socket.ReceiveAsync(target, cancellationToken).ConfigureAwait(false);
            if (read == 0) return false;
            target = target[read..];
        }

        return true;
    }
}
