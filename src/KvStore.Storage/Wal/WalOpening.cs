using KvStore.Raft;
using KvStore.Storage.FileSystem;
using Microsoft.Extensions.Logging;

namespace KvStore.Storage.Wal;

/// <summary>Recovery: reads every file, decides what is live, rebuilds the index, and refuses anything that looks like lost data.</summary>
internal sealed class WalOpening(IFileSystem fileSystem, WalOptions options, ulong walId, ILogger logger)
{
    private readonly List<SegmentFile> files = [];
    private readonly List<SegmentScan> scans = [];
    private VoteFile? votes;

    public SegmentSet Segments { get; } = new(fileSystem, options);
    public WalReplay Replay { get; } = new(options.Directory);
    public WalChain Chain { get; private set; } = null!;
    public VoteFile Votes => votes!;

    public void Run()
    {
        fileSystem.CreateDirectory(options.Directory);
        // Names that a process before this one made and could not sync: what is written under them now must not vanish with the power.
        fileSystem.SyncDirectory(options.Directory);
        ReadSegments();
        votes = OpenVotes();
        Chain = WalChain.Build(scans, votes.SequenceSeen, options.Directory);
        if (Chain.TornTail() is { } torn) WalLog.TornTail(logger, torn.File, torn.Offset, Chain.LastSequence + 1);
        foreach (SegmentScan scan in Chain.Live) TakeLive(scan);
        Replay.CheckComplete();
        ForgetRemoved();
        CheckTerms();
        foreach (SegmentScan scan in Chain.Stale) Segments.AddFree(FileOf(scan));
        WalLog.Recovered(logger, Replay.Groups.Count, Chain.Live.Count, Chain.LastSequence);
    }

    public void Abandon()
    {
        votes?.Dispose();
        foreach (SegmentFile file in files) file.Dispose();
    }

    private void ReadSegments()
    {
        using ReadBuffer buffer = new();
        foreach (string name in fileSystem.List(options.Directory))
        {
            if (SegmentFile.NumberOf(name) is not { } number) continue;
            IFile file = fileSystem.Open($"{options.Directory}/{name}", FileOpen.OpenExisting);
            files.Add(new SegmentFile(number, file, file.Length));
            scans.Add(SegmentScan.Read(file, number, walId, buffer));
        }
    }

    private VoteFile OpenVotes()
    {
        string path = VoteFile.PathIn(options.Directory);
        if (fileSystem.FileExists(path)) return VoteFile.Open(fileSystem, options.Directory, walId, logger);
        // The vote record is durable before the first segment exists.
        if (scans.Exists(scan => scan.Batches.Count > 0 || scan.EvidenceSequence > 0))
            throw new WalCorruptionException($"The vote record '{path}' is missing, though there is a WAL beside it. This replica might vote twice in a term, so the node does not start. Repair: {WalFormat.RepairCommand}", path, 0);
        WalLog.Created(logger, options.Directory, walId);
        return VoteFile.Create(fileSystem, options.Directory, walId);
    }

    private void TakeLive(SegmentScan scan)
    {
        SegmentFile file = FileOf(scan);
        file.Segment = checked((uint)scan.Segment);
        Segments.AddLive(file);
        Replay.Apply(scan, file.File);
    }

    /// <summary>A crash may have come between a Removed record and the clearing of its vote slot.</summary>
    private void ForgetRemoved()
    {
        List<GroupId> gone = [.. Votes.States
            .Where(slot => Replay.RemovedUpToGeneration.TryGetValue(slot.Group, out ulong generation) && slot.Generation <= generation)
            .Select(slot => slot.Group)];
        Votes.Clear(gone, Chain.LastSequence);
    }

    /// <summary>A term is durable before any entry of it: an entry of a later term than the vote record knows means that the vote record went back.</summary>
    private void CheckTerms()
    {
        foreach ((GroupId group, Term newest) in Replay.NewestTerm.OrderBy(pair => pair.Key))
        {
            Term term = Votes.StateOf(group).Term;
#if PLANTED
            if (Plants.Has(PlantedBug.VoteDamageIgnored)) continue;
#endif
            if (newest <= term) continue;
            string path = VoteFile.PathIn(options.Directory);
            throw new WalCorruptionException($"The vote record '{path}' says term {term} for group {group}, but its log has an entry of term {newest}: the record is older than the log. The node does not start. Repair: {WalFormat.RepairCommand}", path, 0);
        }
    }

    private SegmentFile FileOf(SegmentScan scan) => files.First(file => file.Number == scan.Number);
}
