using KvStore.Raft;
using KvStore.Storage.FileSystem;
using KvStore.Storage.Wal;

namespace KvStore.Inspect;

/// <summary>Scans, verifies and lists one WAL directory. Opens files for reading only.</summary>
internal sealed class WalInspection(IFileSystem fileSystem, InspectOptions options, TextWriter output, TextWriter error)
{
    private readonly Dictionary<int, IFile> files = [];
    private readonly List<SegmentScan> scans = [];

    public int Run()
    {
        try
        {
            if (!fileSystem.DirectoryExists(options.Directory)) return Refuse($"there is no directory '{options.Directory}'");
            if (FindId() is not { } walId) return Refuse($"'{options.Directory}' holds no WAL: no file there starts with a batch or a vote slot of any WAL");
            output.WriteLine($"wal {walId:x16} in {options.Directory}");
            using ReadBuffer buffer = new();
            foreach ((int number, IFile file) in files.OrderBy(pair => pair.Key)) scans.Add(SegmentScan.Read(file, number, walId, buffer));
            ListSegments();
            VoteFile votes = VoteFile.OpenReadOnly(fileSystem, options.Directory, walId, new ErrorLogger(error));
            WalChain chain = WalChain.Build(scans, votes.SequenceSeen, options.Directory);
            if (chain.TornTail() is { } torn) output.WriteLine($"torn tail at offset {torn.Offset} of {torn.File}: the next start cuts it");
            ListGroups(chain, votes);
            output.WriteLine($"sound up to batch {chain.LastSequence}");
            return InspectOptions.ExitSound;
        }
        catch (IOException damage)
        {
            return Refuse(damage.Message);
        }
        finally
        {
            foreach (IFile file in files.Values) file.Dispose();
        }
    }

    /// <summary>The WAL's id as its own files state it; opens the segment files on the way.</summary>
    private ulong? FindId()
    {
        ulong? walId = null;
        byte[] head = new byte[VoteSlot.Bytes];
        foreach (string name in fileSystem.List(options.Directory))
        {
            bool isVotes = name == WalFormat.VotesName;
            int? number = SegmentFile.NumberOf(name);
            if (!isVotes && number is null) continue;
            IFile file = fileSystem.Open($"{options.Directory}/{name}", FileOpen.ReadOnly);
            Array.Clear(head);
            file.ReadAt(head, 0);
            if (isVotes) walId ??= VoteSlot.TryReadOwner(head);
            else if (BatchHeader.TryReadOwner(head, out ulong owner, out _)) walId ??= owner;
            if (number is null) file.Dispose();
            else files.Add(number.Value, file);
        }
        return walId;
    }

    private void ListSegments()
    {
        foreach (SegmentScan scan in scans.OrderBy(scan => scan.Segment))
        {
            output.WriteLine(scan.Batches.Count == 0
                ? $"{Path.GetFileName(scan.Path)}  {scan.Length} bytes, starts with no whole batch"
                : $"{Path.GetFileName(scan.Path)}  segment {scan.Segment}, batches {scan.FirstSequence} to {scan.LastSequence}, {scan.End} of {scan.Length} bytes used, floor {scan.Batches[^1].Header.Floor}");
            if (options.Detail != InspectDetail.Segments) ListBatches(scan);
        }
    }

    private void ListBatches(SegmentScan scan)
    {
        foreach (BatchDescriptor batch in scan.Batches)
        {
            output.WriteLine($"  {batch.Offset,10}  batch {batch.Header.Sequence}, {batch.Header.TotalBytes} bytes, {batch.Header.Records} records");
            if (options.Detail == InspectDetail.Records) ListRecords(scan, batch);
        }
    }

    private void ListRecords(SegmentScan scan, BatchDescriptor batch)
    {
        byte[] bytes = new byte[batch.Header.TotalBytes];
        files[scan.Number].ReadAt(bytes, batch.Offset);
        RecordReader records = new(bytes, batch.Header);
        while (records.Next())
        {
            if (options.Group is { } only && records.Group != only) continue;
            output.WriteLine(records.Kind switch
            {
                WalRecordKind.Entries => $"              group {records.Group}: entries {records.Index} to {records.Index + (ulong)records.EntryCount - 1}",
                WalRecordKind.Compacted => $"              group {records.Group}: compacted up to {records.Index}, term {records.Term}",
                WalRecordKind.Reset => $"              group {records.Group}: reset to a snapshot at {records.Index}, term {records.Term}",
                WalRecordKind.Removed => $"              group {records.Group}: removed",
                _ => "              seal",
            });
        }
    }

    private void ListGroups(WalChain chain, VoteFile votes)
    {
        WalReplay replay = new(options.Directory);
        foreach (SegmentScan scan in chain.Live) replay.Apply(scan, files[scan.Number]);
        replay.CheckComplete();
        foreach (GroupId group in replay.Groups.Keys.Union(votes.States.Select(state => state.Group)).Order())
        {
            if (options.Group is { } only && group != only) continue;
            HardState state = votes.StateOf(group);
            string log = replay.Groups.TryGetValue(group, out GroupLog? found)
                ? $"compacted up to {found.CompactedIndex}, " + (found.IsEmpty ? "no entries" : $"entries {found.FirstIndex} to {found.LastIndex}, from segment {found.FirstSegment}")
                : "no log";
            output.WriteLine($"group {group}: term {state.Term}, vote {(state.Vote == ReplicaId.None ? "none" : state.Vote.ToString())}, {log}");
        }
    }

    private int Refuse(string what)
    {
        error.WriteLine($"kvinspect: {what}");
        return InspectOptions.ExitDamaged;
    }
}
