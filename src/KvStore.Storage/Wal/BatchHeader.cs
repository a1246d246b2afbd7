#if PLANTED
using KvStore.Raft;
#endif

namespace KvStore.Storage.Wal;

/// <summary>
/// The first 64 bytes of a batch. The header has a checksum of its own: since a batch is written only after the previous one was synced, a valid
/// header proves that all batches before it were durable, even when its own body is torn.
/// </summary>
internal readonly record struct BatchHeader(ulong WalId, ulong Segment, ulong Sequence, ulong Floor, uint Block, uint BodyBytes, uint Records, uint BodyChecksum)
{
    /// <summary>The batch's bytes on disk, header and padding included.</summary>
    public int TotalBytes => WalFormat.Align(WalFormat.BatchHeaderBytes + (long)BodyBytes);

    /// <summary>Whether the batch holds a Seal record and nothing else: no other record is that short.</summary>
    public bool IsSeal => Records == 1 && BodyBytes == WalFormat.RecordHeaderBytes;

    public void Write(Span<byte> at, uint seed)
    {
        WalFormat.Put32(at, WalFormat.BatchMagic);
        WalFormat.Put16(at[4..], WalFormat.Version);
        WalFormat.Put16(at[6..], 0);
        WalFormat.Put64(at[8..], WalId);
        WalFormat.Put64(at[16..], Segment);
        WalFormat.Put64(at[24..], Sequence);
        WalFormat.Put64(at[32..], Floor);
        WalFormat.Put32(at[40..], Block);
        WalFormat.Put32(at[44..], BodyBytes);
        WalFormat.Put32(at[48..], Records);
        WalFormat.Put32(at[52..], BodyChecksum);
        WalFormat.Put32(at[56..], 0);
        WalFormat.Put32(at[60..], Crc32C.Append(seed, at[..60]));
    }

    /// <summary>Whether a whole header of this WAL stands here. The body is not looked at.</summary>
    public static bool TryRead(ReadOnlySpan<byte> at, uint seed, out BatchHeader header)
    {
        header = default;
        if (at.Length < WalFormat.BatchHeaderBytes || WalFormat.Get32(at) != WalFormat.BatchMagic) return false;
        if (WalFormat.Get32(at[60..]) != Crc32C.Append(seed, at[..60])) return false;
        header = new BatchHeader(WalFormat.Get64(at[8..]), WalFormat.Get64(at[16..]), WalFormat.Get64(at[24..]), WalFormat.Get64(at[32..]),
            WalFormat.Get32(at[40..]), WalFormat.Get32(at[44..]), WalFormat.Get32(at[48..]), WalFormat.Get32(at[52..]));
        return true;
    }

    /// <summary>The WAL id and format version that a header states, when its checksum agrees with that id: tells another WAL's file from damage.</summary>
    public static bool TryReadOwner(ReadOnlySpan<byte> at, out ulong walId, out ushort version)
    {
        walId = 0;
        version = 0;
        if (at.Length < WalFormat.BatchHeaderBytes || WalFormat.Get32(at) != WalFormat.BatchMagic) return false;
        walId = WalFormat.Get64(at[8..]);
        version = WalFormat.Get16(at[4..]);
        return WalFormat.Get32(at[60..]) == Crc32C.Append(WalFormat.SeedOf(walId), at[..60]);
    }

    /// <summary>Header, body and padding are what was written.</summary>
    public bool BodyMatches(ReadOnlySpan<byte> batch, uint seed) =>
#if PLANTED
        (Plants.Has(PlantedBug.TornBodyAccepted) && batch.Length >= TotalBytes) ||
#endif
        batch.Length >= TotalBytes && Crc32C.Append(seed, batch[WalFormat.BatchHeaderBytes..TotalBytes]) == BodyChecksum;
}
