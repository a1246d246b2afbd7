using KvStore.Raft;

namespace KvStore.Storage.Wal;

/// <summary>Where each live entry of one group stands: an array, no object per entry.</summary>
internal sealed class GroupLog(GroupId group)
{
    private const int CapacityMin = 16;

    /// <summary>Locations of the entries [first, first + count), from <see cref="head"/> on. Their segments never decrease.</summary>
    private EntryLocation[] locations = [];
    private int head;
    private int count;
    private ulong first;

    public GroupId Group => group;
    public LogIndex CompactedIndex { get; private set; }
    public Term CompactedTerm { get; private set; }
    public bool IsEmpty => count == 0;
    public LogIndex FirstIndex => count == 0 ? CompactedIndex.Next : new LogIndex(first);
    public LogIndex LastIndex => count == 0 ? CompactedIndex : new LogIndex(first + (ulong)count - 1);
    /// <summary>The segment of the first live entry: nothing older is needed for this group.</summary>
    public uint FirstSegment => locations[head].Segment;

    public EntryLocation this[LogIndex index]
    {
        get
        {
            Invariant.That(count > 0 && index.Value >= first && index.Value - first < (ulong)count);
            return locations[head + (int)(index.Value - first)];
        }
    }

    /// <summary>The last live entry that stands in a segment below this one; none when there is none.</summary>
    public LogIndex LastBelow(uint segment)
    {
        int low = 0, high = count;
        while (low < high)
        {
            int middle = (low + high) / 2;
            if (locations[head + middle].Segment < segment) low = middle + 1;
            else high = middle;
        }
        return low == 0 ? LogIndex.None : new LogIndex(first + (ulong)low - 1);
    }

    /// <summary>
    /// An entry replaces what stood at and after its index. In recovery an index may lie beyond the end: what is missing stood in a recycled segment
    /// and a later compaction mark covers it.
    /// </summary>
    public void Append(LogIndex index, EntryLocation location)
    {
        if (count == 0 || index.Value < first || index.Value > first + (ulong)count)
        {
            head = count = 0;
            first = index.Value;
        }
        count = (int)(index.Value - first);
        if (head + count == locations.Length) MakeRoom();
        Invariant.That(count == 0 || locations[head + count - 1].Segment <= location.Segment);
        locations[head + count] = location;
        count++;
    }

    public void Compact(LogIndex index, Term term)
    {
        if (index <= CompactedIndex) return;
        CompactedIndex = index;
        CompactedTerm = term;
        if (count == 0 || index.Value < first) return;
        int gone = (int)Math.Min((ulong)count, index.Value - first + 1);
        head += gone;
        count -= gone;
        first += (ulong)gone;
        if (count == 0) head = 0;
    }

    public void Reset(LogIndex index, Term term)
    {
        head = count = 0;
        CompactedIndex = index;
        CompactedTerm = term;
    }

    private void MakeRoom()
    {
        EntryLocation[] target = head > locations.Length / 2 ? locations : new EntryLocation[Math.Max(CapacityMin, locations.Length * 2)];
        Array.Copy(locations, head, target, 0, count);
        locations = target;
        head = 0;
    }
}
