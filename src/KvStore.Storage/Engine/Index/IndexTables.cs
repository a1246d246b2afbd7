using System.Numerics;
using KvStore.Raft;

namespace KvStore.Storage.Engine.Index;

/// <summary>What the index consists of, and the steps that both its writer (<see cref="KeyIndex"/>) and its recovery (<see cref="IndexRecovery"/>) take.</summary>
internal sealed class IndexTables : IKeySource
{
    private const uint VersionsPerMilestone = 16;

    public SlotArena<EntrySlot> Entries { get; } = new();
    public SlotArena<VersionSlot> Versions { get; } = new();
    public KeyBytes Keys { get; } = new();
    public KeyMap Map { get; } = new();
    public KeyTree Tree { get; }
    public Journal Journal { get; } = new();
    public long LiveKeys { get; private set; }
    public long LiveBytes { get; private set; }
    public long RecordBytes { get; set; }

    public IndexTables() => Tree = new KeyTree(this);

    public ReadOnlySpan<byte> KeyOf(int entry) => Keys[Volatile.Read(ref Entries[entry].Key)];

    public int KeyLengthOf(int entry) => (int)(Entries[entry].Key & KeyBytes.LengthMask);

    public int NewEntry(ReadOnlySpan<byte> key)
    {
        int entry = Entries.Allocate();
        Entries[entry] = new EntrySlot { Key = Keys.Add(key) };
        return entry;
    }

    /// <summary>Makes a filled entry findable.</summary>
    public void Publish(ReadOnlySpan<byte> key, ulong hash, int entry)
    {
        Map.Add(hash, entry);
        Tree.Add(key, entry);
    }

    /// <summary>Makes a filled version slot the entry's newest, with its link and jump.</summary>
    public void Link(int entry, int slot)
    {
        ref var version = ref Versions[slot];
        int older = Entries[entry].Newest;
        version.Owner = entry;
        version.Older = older;
        if (older == 0)
        {
            version.Jump = slot;
            version.Depth = 1;
            Volatile.Write(ref Entries[entry].Oldest, slot);
        }
        else
        {
            ref var previous = ref Versions[older];
            Invariant.That(version.IsAfter(previous), "a key's versions are added in order");
            version.Depth = previous.Depth + 1;
            version.Jump = JumpPast(older, previous);
        }
        CountAdded(KeyLengthOf(entry), version);
        Volatile.Write(ref Entries[entry].Newest, slot);
    }

    /// <summary>Takes a key out of tree and map; its slot and bytes stay until they are freed.</summary>
    public void Unpublish(int entry)
    {
        var key = KeyOf(entry);
        Tree.Remove(key);
        Map.Remove(KeyHash.Of(key), entry);
        Entries[entry].Newest = 0;
    }

    /// <summary>Takes a key out and frees its slot, when nobody reads yet.</summary>
    public void Remove(int entry)
    {
        Unpublish(entry);
        Free(entry);
    }

    public void Free(int entry)
    {
        Keys.Free(Entries[entry].Key);
        Entries.Free(entry);
    }

    /// <summary>
    /// Every sixteenth version is a milestone; the others jump to the one behind them. Among milestones two jumps of one length in a row become one over both, after Myers'
    /// skew-binary lists; which lengths stand where follows from the depth alone. So most versions are linked without a look at older ones, which lie anywhere in memory.
    /// </summary>
    private int JumpPast(int older, in VersionSlot previous)
    {
        if (IsMilestone(previous.Depth)) return older;
        if (!IsMilestone(previous.Depth + 1)) return previous.Jump;
        var milestone = previous.Jump;
        ref var last = ref Versions[milestone];
        if (!IsInHistory(last, previous)) return older;
        // The oldest version stands for the first milestone.
        if (!HasLongJump(previous.Depth / VersionsPerMilestone + 1)) return milestone;
        ref var jump = ref Versions[last.Jump];
        return IsInHistory(jump, last) ? jump.Jump : milestone;
    }

    private static bool IsMilestone(uint depth) => depth % VersionsPerMilestone == 0;

    /// <summary>Whether the lowest digit of a number in the skew-binary system (weights 1, 3, 7, 15, …) has a weight over 1.</summary>
    private static bool HasLongJump(uint number)
    {
        while (number > 2)
        {
            var weight = (uint)((1UL << BitOperations.Log2(number + 1)) - 1);
            number -= weight;
        }
        return number == 0;
    }

    /// <summary>Whether a jump still leads to an older version of the same key: a slot that was freed and used again belongs to another key, or is newer.</summary>
    public static bool IsInHistory(in VersionSlot target, in VersionSlot from) => target.Owner == from.Owner && from.IsAfter(target);

    /// <summary>The entry of a key; 0 when there is none.</summary>
    public int Find(ReadOnlySpan<byte> key, ulong hash)
    {
        var probe = Map.Find(hash);
        while (probe.Next(out int entry))
            if (KeyOf(entry).SequenceEqual(key)) return entry;
        return 0;
    }

    /// <summary>The newest version at or before a revision, and the one right after it.</summary>
    public int FindVersion(int entry, ulong at, out int newer)
    {
        newer = 0;
        int slot = Volatile.Read(ref Entries[entry].Newest);
        while (slot != 0)
        {
            ref var version = ref Versions[slot];
            if (version.Modified <= at) return slot;
            newer = slot;
            int jump = version.Jump;
            ref var target = ref Versions[jump];
            slot = target.Modified > at && jump != slot && IsInHistory(target, version) ? jump : Volatile.Read(ref version.Older);
        }
        return 0;
    }

    private void CountAdded(int keyLength, in VersionSlot version)
    {
        RecordBytes += StoredRecord.BytesOf(keyLength, version.ValueLength);
        if (version.Older != 0 && !Versions[version.Older].IsTombstone)
        {
            LiveKeys--;
            LiveBytes -= keyLength + Versions[version.Older].ValueLength;
        }
        if (version.IsTombstone) return;
        LiveKeys++;
        LiveBytes += keyLength + version.ValueLength;
    }
}
