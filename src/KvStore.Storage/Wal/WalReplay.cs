using KvStore.Raft;
using KvStore.Storage.FileSystem;

namespace KvStore.Storage.Wal;

/// <summary>Rebuilds the index of every group from the live segments, batch by batch.</summary>
internal sealed class WalReplay(string directory)
{
    private byte[] buffer = new byte[WalFormat.BlockBytes];

    public SortedDictionary<GroupId, GroupLog> Groups { get; } = [];
    /// <summary>The newest removal of each group: vote slots up to that generation end with it.</summary>
    public Dictionary<GroupId, ulong> RemovedUpToGeneration { get; } = [];
    public Dictionary<GroupId, Term> NewestTerm { get; } = [];

    public void Apply(SegmentScan scan, IFile file)
    {
        foreach (BatchDescriptor batch in scan.Batches) Apply(batch, file);
    }

    /// <summary>What a missing piece of a log looks like: entries that do not follow the compaction point.</summary>
    public void CheckComplete()
    {
        foreach (GroupLog log in Groups.Values)
        {
            if (log.FirstIndex <= log.CompactedIndex.Next) continue;
            throw new WalCorruptionException(
                $"The WAL in '{directory}' lacks entries {log.CompactedIndex.Next} to {log.FirstIndex.Previous} of group {log.Group}. The node does not start. Repair: {WalFormat.RepairCommand}", directory, 0);
        }
    }

    private void Apply(BatchDescriptor batch, IFile file)
    {
        int bytes = batch.Header.TotalBytes;
        if (buffer.Length < bytes) buffer = new byte[bytes];
        int count = file.ReadAt(buffer.AsSpan(0, bytes), batch.Offset);
        Invariant.That(count == bytes);
        RecordReader records = new(buffer.AsSpan(0, bytes), batch.Header);
        while (records.Next()) Apply(ref records, batch);
    }

    private void Apply(ref RecordReader record, BatchDescriptor batch)
    {
        switch (record.Kind)
        {
            case WalRecordKind.Entries:
                ApplyEntries(ref record, batch);
                break;
            case WalRecordKind.Compacted:
                LogOf(record.Group).Compact(record.Index, record.Term);
                break;
            case WalRecordKind.Reset:
                LogOf(record.Group).Reset(record.Index, record.Term);
                break;
            case WalRecordKind.Removed:
                Groups.Remove(record.Group);
                NewestTerm.Remove(record.Group);
                RemovedUpToGeneration[record.Group] = record.VoteGeneration;
                break;
        }
    }

    private void ApplyEntries(ref RecordReader record, BatchDescriptor batch)
    {
        GroupLog log = LogOf(record.Group);
        int at = record.EntriesStart;
        for (int i = 0; i < record.EntryCount; i++)
        {
            int bytes = EntryCodec.Measure(buffer.AsSpan(at, batch.Header.TotalBytes - at));
            Invariant.That(bytes > 0);
            log.Append(record.Index + (ulong)i, new EntryLocation((uint)batch.Header.Segment, (uint)(batch.Offset + at), bytes));
            NewestTerm[record.Group] = EntryCodec.TermOf(buffer.AsSpan(at));
            at += bytes;
        }
    }

    private GroupLog LogOf(GroupId group)
    {
        if (!Groups.TryGetValue(group, out GroupLog? log)) Groups.Add(group, log = new GroupLog(group));
        return log;
    }
}
