using System.Buffers.Binary;
using System.Numerics;
using Google.Protobuf;
using KvStore.Node.Peer;

namespace KvStore.Node.Snapshots;

/// <summary>
/// CRC32C of a snapshot chunk: over stream id, number, term, done (u64 each, little endian), the serialized state if there is one, then for each record stay, revision, sub (u64 each),
/// the length of its bytes (u64) and the bytes.
/// </summary>
internal static class ChunkChecksum
{
    public static uint Of(SnapshotChunk chunk)
    {
        var crc = uint.MaxValue;
        Add(ref crc, chunk.StreamId);
        Add(ref crc, chunk.Number);
        Add(ref crc, chunk.Term);
        Add(ref crc, chunk.Done ? 1UL : 0);
        if (chunk.State is { } state) Add(ref crc, state.ToByteArray());
        foreach (var record in chunk.Records)
        {
            Add(ref crc, record.Stay);
            Add(ref crc, record.Revision);
            Add(ref crc, record.Sub);
            Add(ref crc, (ulong)record.Record.Length);
            Add(ref crc, record.Record.Span);
        }
        return ~crc;
    }

    private static void Add(ref uint crc, ulong value) => crc = BitOperations.Crc32C(crc, BitConverter.IsLittleEndian ? value : BinaryPrimitives.ReverseEndianness(value));

    private static void Add(ref uint crc, ReadOnlySpan<byte> bytes)
    {
        for (; bytes.Length >= sizeof(ulong); bytes = bytes[sizeof(ulong)..]) crc = BitOperations.Crc32C(crc, BinaryPrimitives.ReadUInt64LittleEndian(bytes));
        foreach (var b in bytes) crc = BitOperations.Crc32C(crc, b);
    }
}
