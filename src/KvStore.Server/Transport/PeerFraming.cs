using System.Buffers;
using System.Buffers.Binary;
using Google.Protobuf;
using KvStore.Storage;

namespace KvStore.Server.Transport;

/// <summary>A frame on the wire: length of the body (u32), CRC32C of the body (u32), body (protobuf), little-endian (docs/formats/peer.md).</summary>
internal static class PeerFraming
{
    public const int HeaderBytes = 8;
    /// <summary>Bound on a body; a longer one ends the connection.</summary>
    public const int BodyBytesMax = 64 << 20;
    public const uint FormatVersion = 1;

    /// <summary>The frame in a rented buffer; the caller returns it.</summary>
    public static ArraySegment<byte> Encode(IMessage message)
    {
        var size = message.CalculateSize();
        if (size > BodyBytesMax) throw new InvalidOperationException($"A peer frame of {size} bytes is over the limit of {BodyBytesMax}.");
        var buffer = ArrayPool<byte>.Shared.Rent(HeaderBytes + size);
        message.WriteTo(buffer.AsSpan(HeaderBytes, size));
        BinaryPrimitives.WriteInt32LittleEndian(buffer, size);
        BinaryPrimitives.WriteUInt32LittleEndian(buffer.AsSpan(4), Crc32C.Of(buffer.AsSpan(HeaderBytes, size)));
        return new ArraySegment<byte>(buffer, 0, HeaderBytes + size);
    }

    /// <summary>The body's length, or -1 when fewer than a header's bytes are there.</summary>
    /// <exception cref="InvalidDataException">Not a frame.</exception>
    public static int BodyLength(ReadOnlySpan<byte> received)
    {
        if (received.Length < HeaderBytes) return -1;
        var length = BinaryPrimitives.ReadInt32LittleEndian(received);
        return length is >= 0 and <= BodyBytesMax ? length : throw new InvalidDataException($"peer frame of {(uint)length} bytes; at most {BodyBytesMax} are allowed");
    }

    /// <exception cref="InvalidDataException">The checksum is wrong.</exception>
    public static void Verify(ReadOnlySpan<byte> header, ReadOnlySpan<byte> body)
    {
        if (BinaryPrimitives.ReadUInt32LittleEndian(header[4..]) != Crc32C.Of(body)) throw new InvalidDataException("peer frame with a wrong checksum");
    }
}
