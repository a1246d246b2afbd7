using System.Buffers.Binary;

namespace KvStore.Storage.Wal;

/// <summary>Persisted numbers of the WAL (docs/formats/wal.md). A golden test freezes them.</summary>
internal static class WalFormat
{
    /// <summary>Batches start and end on multiples of this, so that none shares a sector with an acknowledged one.</summary>
    public const int BlockBytes = 4096;
    public const int BatchHeaderBytes = 64;
    public const int RecordHeaderBytes = 16;
    /// <summary>First index and count, behind the record header of an Entries record.</summary>
    public const int EntriesPrefixBytes = 16;
    public const int EntryHeaderBytes = 20;
    /// <summary>Index and term, behind the record header of a Compacted or Reset record.</summary>
    public const int MarkBytes = 16;
    public const int RemovedBytes = 8;
    public const uint BatchMagic = 0x4257564B; // "KVWB"
    public const ushort Version = 1;
    public const string SegmentSuffix = ".wal";
    public const string VotesName = "votes";
    public const string RepairCommand = "kvctl node replace";

    /// <summary>What every checksum of this WAL starts from: files of another WAL never verify.</summary>
    public static uint SeedOf(ulong walId) => Crc32C.Append(0, walId);

    public static int Align(long bytes) => checked((int)((bytes + BlockBytes - 1) / BlockBytes * BlockBytes));

    public static void Put16(Span<byte> at, ushort value) => BinaryPrimitives.WriteUInt16LittleEndian(at, value);
    public static void Put32(Span<byte> at, uint value) => BinaryPrimitives.WriteUInt32LittleEndian(at, value);
    public static void Put64(Span<byte> at, ulong value) => BinaryPrimitives.WriteUInt64LittleEndian(at, value);
    public static ushort Get16(ReadOnlySpan<byte> at) => BinaryPrimitives.ReadUInt16LittleEndian(at);
    public static uint Get32(ReadOnlySpan<byte> at) => BinaryPrimitives.ReadUInt32LittleEndian(at);
    public static ulong Get64(ReadOnlySpan<byte> at) => BinaryPrimitives.ReadUInt64LittleEndian(at);
}
