using KvStore.Raft;

namespace KvStore.Storage.Wal;

/// <summary>Checks a batch before anything of it is written, and keeps what its current part will do to the index once it is synced.</summary>
internal sealed class WalBatchPlan
{
    private readonly Dictionary<GroupId, Bounds> bounds = [];
    private readonly HashSet<GroupId> removed = [];
    private readonly List<Step> steps = [];

    /// <summary>The compaction point and the last entry that a group will have.</summary>
    private readonly record struct Bounds(LogIndex Compacted, LogIndex Last);

    private readonly record struct Step(WalRecordKind Kind, GroupId Group, LogIndex Index, Term Term, int Offset, int Bytes);

    public bool IsRemoved(GroupId group) => removed.Contains(group);

    /// <exception cref="InvariantViolationException">Entries leave a gap, or replace what was compacted: the caller's log is not what it thinks.</exception>
    public void Check(WalBatch batch, SortedDictionary<GroupId, GroupLog> groups)
    {
        bounds.Clear();
        removed.Clear();
        foreach (WalRecord record in batch.Records)
        {
            if (!bounds.TryGetValue(record.Group, out Bounds known) && groups.TryGetValue(record.Group, out GroupLog? log)) known = new Bounds(log.CompactedIndex, log.LastIndex);
            bounds[record.Group] = After(record, known);
            if (record.Kind == WalRecordKind.Removed) removed.Add(record.Group);
        }
    }

    public void Begin() => steps.Clear();

    public void AddEntry(GroupId group, LogIndex index, int offset, int bytes) => steps.Add(new Step(WalRecordKind.Entries, group, index, default, offset, bytes));

    public void AddMark(WalRecord record) => steps.Add(new Step(record.Kind, record.Group, record.Index, record.Term, 0, 0));

    /// <summary>The part is durable at <paramref name="start"/> of the segment. True when a segment may have become free.</summary>
    public bool ApplyTo(SortedDictionary<GroupId, GroupLog> groups, uint segment, long start)
    {
        bool mayFree = false;
        GroupLog? log = null;
        foreach (Step step in steps)
        {
            if (step.Kind == WalRecordKind.Removed)
            {
                groups.Remove(step.Group);
                log = null;
                mayFree = true;
                continue;
            }
            if ((log is null || log.Group != step.Group) && !groups.TryGetValue(step.Group, out log)) groups.Add(step.Group, log = new GroupLog(step.Group));
            mayFree |= step.Kind != WalRecordKind.Entries || log.IsEmpty || step.Index <= log.FirstIndex;
            Apply(step, log, segment, start);
        }
        return mayFree;
    }

    private static void Apply(Step step, GroupLog log, uint segment, long start)
    {
        if (step.Kind == WalRecordKind.Entries) log.Append(step.Index, new EntryLocation(segment, checked((uint)(start + step.Offset)), step.Bytes));
        else if (step.Kind == WalRecordKind.Reset) log.Reset(step.Index, step.Term);
        else log.Compact(step.Index, step.Term);
    }

    private static Bounds After(WalRecord record, Bounds known)
    {
        switch (record.Kind)
        {
            case WalRecordKind.Entries:
                if (record.Entries.Count == 0) return known;
                LogIndex first = record.Entries[0].Index;
                Invariant.That(first > known.Compacted && first <= known.Last.Next);
                for (int i = 1; i < record.Entries.Count; i++) Invariant.That(record.Entries[i].Index == first + (ulong)i);
                return known with { Last = first + (ulong)(record.Entries.Count - 1) };
            case WalRecordKind.Compacted:
                return record.Index <= known.Compacted ? known : new Bounds(record.Index, LogIndex.Max(known.Last, record.Index));
            case WalRecordKind.Reset:
                return new Bounds(record.Index, record.Index);
            case WalRecordKind.Removed:
                return default;
            default:
                throw new ArgumentException($"a batch cannot hold a {record.Kind} record: the WAL writes it by itself", nameof(record));
        }
    }
}
