using System.Runtime.InteropServices;

namespace KvStore.Storage.Engine.Index;

/// <summary>
/// Builds an index from records in any order, with repetitions (reclaim leaves copies behind): of what is at or before the compaction revision only each key's newest
/// record is held, so that garbage takes no memory.
/// </summary>
internal sealed class IndexRecovery(Revision compacted)
{
    private readonly IndexTables _tables = new();
    /// <summary>Slots of versions after the compaction revision, in the order of arrival.</summary>
    private readonly List<int> _arrived = [];
    private readonly HashSet<int> _unordered = [];

    public void Add(ReadOnlySpan<byte> key, in VersionSlot version)
    {
        ulong hash = KeyHash.Of(key);
        int entry = _tables.Find(key, hash);
        if (entry == 0)
        {
            entry = _tables.NewEntry(key);
            _tables.Publish(key, hash, entry);
        }
        if (version.Modified <= compacted.Value) Keep(entry, version);
        else Push(entry, version);
    }

    public KeyIndex Finish()
    {
        var chain = new List<int>();
        for (int entry = 1, last = _tables.Entries.Count; entry <= last; entry++) FinishEntry(entry, chain);
        _arrived.RemoveAll(slot => _tables.Versions[slot].Owner == 0);
        var slots = CollectionsMarshal.AsSpan(_arrived);
        if (!IsOrdered(slots)) slots.Sort(Compare);
        foreach (int slot in slots) _tables.Journal.Add(slot);
        return new KeyIndex(_tables);
    }

    private void Keep(int entry, in VersionSlot version)
    {
        int kept = _tables.Entries[entry].Oldest;
        if (kept == 0) _tables.Entries[entry].Oldest = kept = _tables.Versions.Allocate();
        else if (!version.IsAfter(_tables.Versions[kept])) return;
        _tables.Versions[kept] = version;
    }

    private void Push(int entry, VersionSlot version)
    {
        int newest = _tables.Entries[entry].Newest;
        if (newest != 0 && !version.IsAfter(_tables.Versions[newest])) _unordered.Add(entry);
        int slot = _tables.Versions.Allocate();
        version.Older = newest;
        version.Owner = entry;
        _tables.Versions[slot] = version;
        _tables.Entries[entry].Newest = slot;
        _arrived.Add(slot);
    }

    private void FinishEntry(int entry, List<int> chain)
    {
        chain.Clear();
        for (int slot = _tables.Entries[entry].Newest; slot != 0; slot = _tables.Versions[slot].Older) chain.Add(slot);
        if (_unordered.Contains(entry)) chain.Sort((a, b) => Compare(b, a));
        int kept = _tables.Entries[entry].Oldest;
        _tables.Entries[entry].Newest = 0;
        _tables.Entries[entry].Oldest = 0;
        if (kept != 0)
        {
            if (_tables.Versions[kept].IsTombstone) _tables.Versions.Free(kept);
            else _tables.Link(entry, kept);
        }
        for (int i = chain.Count - 1; i >= 0; i--)
        {
            int newest = _tables.Entries[entry].Newest;
            if (newest == 0 || _tables.Versions[chain[i]].IsAfter(_tables.Versions[newest])) _tables.Link(entry, chain[i]);
            else Forget(chain[i]);
        }
        if (_tables.Entries[entry].Newest == 0) _tables.Remove(entry);
    }

    private void Forget(int copy)
    {
        _tables.Versions[copy].Owner = 0;
        _tables.Versions.Free(copy);
    }

    private bool IsOrdered(ReadOnlySpan<int> slots)
    {
        for (int i = 1; i < slots.Length; i++) if (Compare(slots[i - 1], slots[i]) > 0) return false;
        return true;
    }

    private int Compare(int a, int b)
    {
        ref var left = ref _tables.Versions[a];
        ref var right = ref _tables.Versions[b];
        return left.Modified != right.Modified ? left.Modified.CompareTo(right.Modified) : left.Sub.CompareTo(right.Sub);
    }
}
