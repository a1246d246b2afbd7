using KvStore.Storage.FileSystem;
#if PLANTED
using KvStore.Raft;
#endif

namespace KvStore.Storage.Wal;

/// <summary>What stands in one segment file: whole batches from its start, and any batch header behind them.</summary>
internal sealed class SegmentScan
{
    private SegmentScan(int number, string path, long length)
    {
        Number = number;
        Path = path;
        Length = length;
    }

    public int Number { get; }
    public string Path { get; }
    public long Length { get; }
    /// <summary>Whole batches with consecutive sequence numbers, from offset 0. Empty when the file starts with none.</summary>
    public List<BatchDescriptor> Batches { get; } = [];
    /// <summary>Where the whole batches end.</summary>
    public long End => Batches.Count == 0 ? 0 : Batches[^1].End;
    public ulong Segment => Batches.Count == 0 ? 0 : Batches[0].Header.Segment;
    public ulong FirstSequence => Batches[0].Header.Sequence;
    public ulong LastSequence => Batches[^1].Header.Sequence;
    /// <summary>The highest sequence of a whole header (its body may be torn) on a later boundary, and where; 0 for none.</summary>
    public ulong EvidenceSequence { get; private set; }
    public long EvidenceOffset { get; private set; }

    /// <summary>Reads the whole file.</summary>
    public static SegmentScan Read(IFile file, int number, ulong walId, ReadBuffer buffer)
    {
        SegmentScan scan = new(number, file.Path, file.Length);
        Span<byte> room = buffer.Take(scan.Length);
        Span<byte> content = room[..file.ReadAt(room, 0)];
        uint seed = WalFormat.SeedOf(walId);
        scan.RefuseForeign(content, walId);
        scan.ReadBatches(content, seed);
        scan.SearchBehind(content, seed);
        return scan;
    }

    private void RefuseForeign(ReadOnlySpan<byte> content, ulong walId)
    {
        if (!BatchHeader.TryReadOwner(content, out ulong owner, out ushort version)) return;
        if (owner != walId) throw new WalCorruptionException($"'{Path}' belongs to the WAL {owner:x16}, not to {walId:x16}: the files of two nodes were mixed. Repair: {WalFormat.RepairCommand}", Path, 0);
        if (version != WalFormat.Version) throw new WalCorruptionException($"'{Path}' has WAL format version {version}; this build reads version {WalFormat.Version}", Path, 0);
    }

    private void ReadBatches(ReadOnlySpan<byte> content, uint seed)
    {
        while (End < content.Length)
        {
            ReadOnlySpan<byte> at = content[(int)End..];
            if (!BatchHeader.TryRead(at, seed, out BatchHeader header) || header.Block != End / WalFormat.BlockBytes) return;
#if PLANTED
            if (!Plants.Has(PlantedBug.StaleSegmentAccepted))
#endif
            if (Batches.Count > 0 && (header.Segment != Segment || header.Sequence != LastSequence + 1)) return;
            if (!header.BodyMatches(at, seed)) return;
            Batches.Add(new BatchDescriptor(header, End));
        }
    }

    private void SearchBehind(ReadOnlySpan<byte> content, uint seed)
    {
        for (long offset = End; offset + WalFormat.BlockBytes <= content.Length; offset += WalFormat.BlockBytes)
        {
            if (!BatchHeader.TryRead(content[(int)offset..], seed, out BatchHeader header) || header.Block != offset / WalFormat.BlockBytes) continue;
            if (header.Sequence <= EvidenceSequence) continue;
            EvidenceSequence = header.Sequence;
            EvidenceOffset = offset;
        }
    }
}
