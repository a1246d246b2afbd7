using System.Globalization;
#if PLANTED
using KvStore.Raft;
#endif

namespace KvStore.Storage.Wal;

/// <summary>
/// The live part of the WAL as the scans show it. It decides between a torn tail and corruption: batch n + 1 was written only after batch n was synced,
/// so a header with a higher number than the one that follows the last whole batch proves that a durable batch is gone.
/// </summary>
internal sealed class WalChain
{
    private WalChain(List<SegmentScan> live, List<SegmentScan> stale)
    {
        Live = live;
        Stale = stale;
    }

    /// <summary>The segments from the floor to the newest, in order; empty for a WAL that was never written.</summary>
    public List<SegmentScan> Live { get; }
    /// <summary>Files whose content is not needed.</summary>
    public List<SegmentScan> Stale { get; }
    public SegmentScan Newest => Live[^1];
    public ulong LastSequence => Live.Count == 0 ? 0 : Newest.LastSequence;
    public ulong Floor => Newest.Batches[^1].Header.Floor;

    /// <param name="scans">All segment files.</param>
    /// <param name="sequenceSynced">A batch that the vote record says was synced; 0 when it says nothing.</param>
    /// <param name="directory">For messages.</param>
    /// <exception cref="WalCorruptionException">A durable batch or segment is missing or damaged.</exception>
    public static WalChain Build(IReadOnlyList<SegmentScan> scans, ulong sequenceSynced, string directory)
    {
        List<SegmentScan> whole = [.. scans.Where(scan => scan.Batches.Count > 0).OrderBy(scan => scan.Segment)];
        if (whole.Count == 0)
        {
            WalChain none = new([], [.. scans]);
            none.RefuseGap(scans, sequenceSynced, directory);
            return none;
        }
        ulong floor = whole[^1].Batches[^1].Header.Floor;
        List<SegmentScan> live = whole.FindAll(scan => scan.Segment >= floor);
        WalChain chain = new(live, [.. scans.Except(live)]);
        chain.RefuseHoles(floor, directory);
#if PLANTED
        if (Plants.Has(PlantedBug.MiddleCorruptionCut)) return chain;
#endif
        chain.RefuseGap(scans, sequenceSynced, directory);
        return chain;
    }

    /// <summary>The torn batch that is cut: its file and offset; null when nothing of its header is left.</summary>
    public (string File, long Offset)? TornTail()
    {
        SegmentScan? torn = Live.Concat(Stale).FirstOrDefault(scan => scan.EvidenceSequence == LastSequence + 1);
        return torn is null ? null : (torn.Path, torn.EvidenceOffset);
    }

    private void RefuseHoles(ulong floor, string directory)
    {
        ulong expected = floor;
        foreach (SegmentScan scan in Live)
        {
            if (scan.Segment < expected) throw Damage(scan.Path, 0, $"segment {scan.Segment} stands in two files");
            if (scan.Segment > expected) throw Missing(expected, directory);
            expected++;
        }
        for (int i = 1; i < Live.Count; i++)
            if (Live[i - 1].LastSequence + 1 != Live[i].FirstSequence)
                throw Damage(Live[i - 1].Path, Live[i - 1].End, $"batch {Live[i - 1].LastSequence + 1} is damaged, and later batches follow it");
    }

    private void RefuseGap(IReadOnlyList<SegmentScan> scans, ulong sequenceSynced, string directory)
    {
        ulong next = LastSequence + 1;
        SegmentScan? witness = scans.MaxBy(scan => scan.EvidenceSequence);
        if (witness is not null && witness.EvidenceSequence > next)
        {
            bool headLost = witness.Batches.Count == 0 && witness.EvidenceOffset > 0;
            (string file, long offset) = Live.Count == 0 || headLost ? (witness.Path, 0) : (Newest.Path, Newest.End);
            throw Damage(file, offset, string.Create(CultureInfo.InvariantCulture,
                $"batch {next} is damaged, and batch {witness.EvidenceSequence} follows it at offset {witness.EvidenceOffset} of '{witness.Path}'"));
        }
        if (sequenceSynced >= next)
            throw Damage(Live.Count == 0 ? directory : Newest.Path, Live.Count == 0 ? 0 : Newest.End, $"it ends before batch {next}, but the vote record was written after batch {sequenceSynced} was synced");
    }

    private WalCorruptionException Missing(ulong segment, string directory)
    {
        SegmentScan? suspect = Stale.Find(scan => scan.Batches.Count == 0);
        return Damage(suspect?.Path ?? directory, 0, $"segment {segment} is missing" + (suspect is null ? "" : ": this file does not start with a whole batch"));
    }

    private static WalCorruptionException Damage(string file, long offset, string what) => new(
        $"The WAL is damaged at offset {offset} of '{file}': {what}. Acknowledged writes may be lost here, so the node does not start. Repair: {WalFormat.RepairCommand}", file, offset);
}
