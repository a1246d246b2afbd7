namespace KvStore.Raft;

/// <summary>The part of a log that is kept in memory: contiguous entries, taken away at both ends.</summary>
internal sealed class EntryRing(LogIndex first)
{
    private Entry?[] _slots = new Entry?[16];
    private int _head;
    private int _count;

    /// <summary>The index of the oldest entry held; when there is none, the one that comes next.</summary>
    public LogIndex First { get; private set; } = first;

    public LogIndex End => First + (ulong)_count;

    public long Bytes { get; private set; }

    public Entry this[LogIndex index]
    {
        get
        {
            Invariant.That(index >= First && index < End);
            return _slots[Slot((int)(index - First))]!;
        }
    }

    public void Add(Entry entry)
    {
        Invariant.That(entry.Index == End);
        if (_count == _slots.Length) Grow();
        _slots[Slot(_count++)] = entry;
        Bytes += entry.Size;
    }

    public void RemoveOldest()
    {
        Bytes -= _slots[_head]!.Size;
        _slots[_head] = null;
        _head = Slot(1);
        _count--;
        First = First.Next;
    }

    public void RemoveFrom(LogIndex from)
    {
        while (_count > 0 && End > from)
        {
            var last = Slot(--_count);
            Bytes -= _slots[last]!.Size;
            _slots[last] = null;
        }
    }

    public void Reset(LogIndex first)
    {
        Array.Clear(_slots);
        _head = 0;
        _count = 0;
        Bytes = 0;
        First = first;
    }

    private int Slot(int offset) => (_head + offset) & (_slots.Length - 1);

    private void Grow()
    {
        var larger = new Entry?[_slots.Length * 2];
        for (var i = 0; i < _count; i++) larger[i] = _slots[Slot(i)];
        _slots = larger;
        _head = 0;
    }
}
