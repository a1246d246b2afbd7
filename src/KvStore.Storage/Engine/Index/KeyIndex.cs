using KvStore.Raft;

namespace KvStore.Storage.Engine.Index;

/// <summary>
/// Key → versions, of one range. The apply thread writes; readers take no locks and write nothing shared. A reader passes the revision that it reads at, and every later
/// write is invisible to it, so a consistent view costs nothing.
/// </summary>
/// <remarks>
/// Slots that <see cref="Drop"/> frees may be used again at once. A reader that was following one notices: it compares <see cref="_reuses"/> before and after and starts over.
/// The writer counts it up after the slots were unlinked and before they are used again. That last look also keeps the slots' memory alive until then (<see cref="SlotArena{T}"/>).
/// </remarks>
internal sealed class KeyIndex
{
    private readonly IndexTables _tables;
    private readonly List<int> _freedVersions = [];
    private readonly List<int> _freedEntries = [];
    /// <summary>Tombstones that the running <see cref="Drop"/> came to.</summary>
    private readonly List<int> _tombstones = [];

    /// <summary>How often freed slots went back into use.</summary>
    private int _reuses;

    public KeyIndex(IndexTables tables) => _tables = tables;

    /// <summary>Keys that have at least one version, tombstones included.</summary>
    public int Count => _tables.Entries.Count;
    public int Versions => _tables.Versions.Count;
    /// <summary>Keys whose newest version is no tombstone, and the bytes of these keys and values.</summary>
    public long LiveKeys => _tables.LiveKeys;
    public long LiveBytes => _tables.LiveBytes;
    /// <summary>What all records of the index take in the store.</summary>
    public long RecordBytes => _tables.RecordBytes;

    // ---- the writer ----

    /// <summary>Where a key is, or would be added. Good until the index changes.</summary>
    public KeyPlace Find(ReadOnlySpan<byte> key)
    {
        ulong hash = KeyHash.Of(key);
        return new KeyPlace(hash, _tables.Find(key, hash));
    }

    /// <summary>The newest version, tombstone or not, published or not.</summary>
    public bool TryGetNewest(in KeyPlace place, out VersionSlot version)
    {
        int slot = place.Entry == 0 ? 0 : _tables.Entries[place.Entry].Newest;
        version = slot == 0 ? default : _tables.Versions[slot];
        GC.KeepAlive(this);
        return slot != 0;
    }

    /// <summary>Adds a key's newest version.</summary>
    /// <param name="place">Of the key.</param>
    public void Add(ReadOnlySpan<byte> key, in KeyPlace place, in VersionSlot version)
    {
        int entry = place.Entry == 0 ? _tables.NewEntry(key) : place.Entry;
        int slot = _tables.Versions.Allocate();
        _tables.Versions[slot] = version;
        _tables.Link(entry, slot);
        if (place.Entry == 0) _tables.Publish(key, place.Hash, entry);
        _tables.Journal.Add(slot);
    }

    /// <summary>
    /// Fetches what the search for each of these hashes will read, one step of all after the other: the processor waits for memory many times at once instead of one after the
    /// other. Changes nothing.
    /// </summary>
    public void Touch(ReadOnlySpan<ulong> hashes)
    {
        Span<int> entries = stackalloc int[hashes.Length];
        foreach (ulong hash in hashes) _tables.Map.FetchShard(hash);
        foreach (ulong hash in hashes) _tables.Map.Fetch(hash);
        for (int i = 0; i < hashes.Length; i++)
        {
            if (!_tables.Map.Find(hashes[i]).Next(out entries[i])) continue;
            CacheLine.Fetch(ref _tables.Entries[entries[i]]);
        }
        foreach (int entry in entries)
        {
            ref var slot = ref _tables.Entries[entry];
            CacheLine.Fetch(ref _tables.Versions[slot.Newest]);
            _tables.Keys.Fetch(slot.Key);
        }
        GC.KeepAlive(this);
    }

    /// <summary>Drops every version that was superseded at or before <paramref name="through"/>, and every tombstone at or before it.</summary>
    public void Drop(Revision through)
    {
        for (int slot = _tables.Journal.Peek(); slot != 0 && _tables.Versions[slot].Modified <= through.Value; slot = _tables.Journal.Peek())
        {
            _tables.Journal.Pop();
            DropBehind(slot);
        }
        foreach (int tombstone in _tombstones) DropIfOldest(tombstone);
        _tombstones.Clear();
        Reuse();
        if (_tables.Tree.IsSparse) _tables.Tree.Rebuild();
    }

    /// <summary>Since versions come in order, all but one of those behind this one went with those that came before it.</summary>
    private void DropBehind(int slot)
    {
        ref var version = ref _tables.Versions[slot];
        int superseded = version.Older;
        if (superseded != 0)
        {
            Invariant.That(_tables.Versions[superseded].Older == 0, "a key's versions are dropped from its oldest on");
            Volatile.Write(ref version.Older, 0);
            FreeVersion(superseded);
            Volatile.Write(ref _tables.Entries[version.Owner].Oldest, slot);
        }
        if (version.IsTombstone) _tombstones.Add(slot);
    }

    private void DropIfOldest(int tombstone)
    {
        int entry = _tables.Versions[tombstone].Owner;
        if (_tables.Entries[entry].Oldest != tombstone) return;
        FreeVersion(tombstone);
        if (_tables.Entries[entry].Newest == tombstone)
        {
            RemoveEntry(entry);
            return;
        }
        _tables.FindVersion(entry, _tables.Versions[tombstone].Modified, out int newer);
        Volatile.Write(ref _tables.Versions[newer].Older, 0);
        Volatile.Write(ref _tables.Entries[entry].Oldest, newer);
    }

    private void RemoveEntry(int entry)
    {
        _tables.Unpublish(entry);
        _freedEntries.Add(entry);
    }

    private void FreeVersion(int slot)
    {
        ref var version = ref _tables.Versions[slot];
        _tables.RecordBytes -= StoredRecord.BytesOf(_tables.KeyLengthOf(version.Owner), version.ValueLength);
        _freedVersions.Add(slot);
    }

    private void Reuse()
    {
        if (_freedVersions.Count + _freedEntries.Count == 0) return;
        Volatile.Write(ref _reuses, _reuses + 1);
        Interlocked.MemoryBarrier();
        foreach (int slot in _freedVersions) _tables.Versions.Free(slot);
        foreach (int entry in _freedEntries) _tables.Free(entry);
        _freedVersions.Clear();
        _freedEntries.Clear();
    }

    // ---- any thread ----

    /// <summary>The version that is visible at a revision, tombstone or not.</summary>
    public bool TryFind(ReadOnlySpan<byte> key, Revision at, out VersionSlot version)
    {
        ulong hash = KeyHash.Of(key);
        while (true)
        {
            int reuses = Volatile.Read(ref _reuses);
            int entry = _tables.Find(key, hash), slot = entry == 0 ? 0 : _tables.FindVersion(entry, at.Value, out _);
            version = slot == 0 ? default : _tables.Versions[slot];
            if (StillAt(reuses)) return slot != 0;
        }
    }

    /// <summary>
    /// Whether the index holds exactly this record. <paramref name="dropped"/>: how far the index was dropped. Up to there a key has at most its oldest version, and no search must
    /// aim there: jumps would lead it through slots that were freed.
    /// </summary>
    public bool Contains(ReadOnlySpan<byte> key, Revision revision, uint sub, int lineage, Revision dropped)
    {
        ulong hash = KeyHash.Of(key);
        while (true)
        {
            int reuses = Volatile.Read(ref _reuses);
            int entry = _tables.Find(key, hash);
            int slot = entry == 0 ? 0 : revision <= dropped ? Volatile.Read(ref _tables.Entries[entry].Oldest) : _tables.FindVersion(entry, revision.Value, out _);
            bool isFound = false;
            for (; slot != 0 && _tables.Versions[slot].Modified == revision.Value && !isFound; slot = _tables.Versions[slot].Older)
                isFound = _tables.Versions[slot].Sub == sub && _tables.Versions[slot].Lineage == lineage;
            if (StillAt(reuses)) return isFound;
        }
    }

    /// <summary>
    /// The versions visible at a revision (tombstones left out) in the next leaf's worth of keys from <paramref name="from"/> on, ascending.
    /// </summary>
    /// <param name="page">Cleared and filled.</param>
    /// <returns>Where to go on; null at the end.</returns>
    public byte[]? ReadAscending(ReadOnlySpan<byte> from, ReadOnlySpan<byte> end, Revision at, IndexPage page)
    {
        Span<int> entries = stackalloc int[Leaf.Capacity];
        while (true)
        {
            int reuses = Volatile.Read(ref _reuses);
            int count = _tables.Tree.CopyFrom(from, entries, out byte[]? next);
            page.Clear();
            bool isPastEnd = false;
            for (int i = 0; i < count && !isPastEnd; i++)
            {
                isPastEnd = end.Length > 0 && _tables.KeyOf(entries[i]).SequenceCompareTo(end) >= 0;
                if (!isPastEnd) AddVisible(entries[i], at.Value, page);
            }
            if (!StillAt(reuses)) continue;
            return isPastEnd || (end.Length > 0 && next is not null && next.AsSpan().SequenceCompareTo(end) >= 0) ? null : next;
        }
    }

    /// <summary>The same, descending: the last keys in [start, before).</summary>
    public byte[]? ReadDescending(ReadOnlySpan<byte> start, byte[]? before, Revision at, IndexPage page)
    {
        Span<int> entries = stackalloc int[Leaf.Capacity];
        while (true)
        {
            int reuses = Volatile.Read(ref _reuses);
            int count = _tables.Tree.CopyBelow(before, entries, out byte[]? next);
            page.Clear();
            bool isPastStart = false;
            for (int i = count - 1; i >= 0 && !isPastStart; i--)
            {
                isPastStart = _tables.KeyOf(entries[i]).SequenceCompareTo(start) < 0;
                if (!isPastStart) AddVisible(entries[i], at.Value, page);
            }
            if (!StillAt(reuses)) continue;
            return isPastStart || (next is not null && next.AsSpan().SequenceCompareTo(start) <= 0) ? null : next;
        }
    }

    /// <summary>Records written after <paramref name="after"/> up to <paramref name="through"/>, in order, from a place in the journal on; fills the page.</summary>
    /// <param name="place">Moves to where to go on, also when nothing more is there yet.</param>
    /// <returns>Whether the page is full, so that there may be more.</returns>
    public bool ReadJournal(ref JournalPlace place, Revision after, Revision through, IndexPage page)
    {
        while (true)
        {
            int reuses = Volatile.Read(ref _reuses);
            page.Clear();
            var next = ReadJournalOnce(place, after.Value, through.Value, page);
            if (!StillAt(reuses)) continue;
            place = next;
            return page.IsFull;
        }
    }

    public JournalPlace JournalStart => new(_tables.Journal.First, 0);

    private JournalPlace ReadJournalOnce(JournalPlace place, ulong after, ulong through, IndexPage page)
    {
        var (chunk, at) = place;
        at = Math.Max(at, chunk.Popped);
        while (true)
        {
            int count = chunk.Count;
            if (count == Journal.Chunk.Capacity && at < count && _tables.Versions[chunk.Slots[count - 1]].Modified <= after) at = count;
            for (; at < count && !page.IsFull; at++)
            {
                int slot = chunk.Slots[at];
                ulong modified = _tables.Versions[slot].Modified;
                if (modified > through) return new JournalPlace(chunk, at);
                if (modified > after) page.Add(_tables.Versions[slot], _tables.KeyOf(_tables.Versions[slot].Owner));
            }
            if (page.IsFull || count < Journal.Chunk.Capacity || chunk.Next is not { } next) return new JournalPlace(chunk, at);
            (chunk, at) = (next, next.Popped);
        }
    }

    private void AddVisible(int entry, ulong at, IndexPage page)
    {
        int slot = _tables.FindVersion(entry, at, out _);
        if (slot != 0 && !_tables.Versions[slot].IsTombstone) page.Add(_tables.Versions[slot], _tables.KeyOf(entry));
    }

    private bool StillAt(int reuses)
    {
        Volatile.ReadBarrier();
        return _reuses == reuses;
    }
}

/// <summary>Where a key is in the index; entry 0: nowhere yet.</summary>
internal readonly record struct KeyPlace(ulong Hash, int Entry);

/// <summary>A reader's place in the journal.</summary>
internal readonly record struct JournalPlace(Journal.Chunk Chunk, int At);
