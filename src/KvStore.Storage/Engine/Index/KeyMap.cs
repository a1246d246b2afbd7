using System.Runtime.InteropServices;

namespace KvStore.Storage.Engine.Index;

/// <summary>
/// Hash → entry numbers, open addressing with linear probing in 256 shards that grow one by one (so that no growth pauses the writer for long).
/// One writer; a reader takes a shard's table once and sees every entry that was published before.
/// </summary>
internal sealed class KeyMap
{
    private const int Shards = 256;
    private const int FirstSlots = 4;
    /// <summary>A removed slot: probing goes on over it.</summary>
    private const ulong Removed = 1UL << 32;

    /// <summary>Slots are tag (low half of the hash) in the upper and entry in the lower half; entry 0 is no entry.</summary>
    private readonly ulong[]?[] _shards = new ulong[]?[Shards];
    private readonly int[] _filled = new int[Shards];

    /// <summary>Walks the entries whose tag fits; the caller compares keys.</summary>
    public Probe Find(ulong hash) => new(Volatile.Read(ref _shards[hash >> 56]), (uint)hash);

    /// <summary>Fetches the length of the slots among which <see cref="Find"/> will look.</summary>
    public void FetchShard(ulong hash)
    {
        if (_shards[hash >> 56] is { } slots) CacheLine.Fetch(ref MemoryMarshal.GetArrayDataReference(slots));
    }

    /// <summary>Fetches the slot at which <see cref="Find"/> begins.</summary>
    public void Fetch(ulong hash)
    {
        if (_shards[hash >> 56] is { } slots) CacheLine.Fetch(ref slots[(uint)hash & (uint)(slots.Length - 1)]);
    }

    public void Add(ulong hash, int entry)
    {
        int shard = (int)(hash >> 56);
        var slots = _shards[shard];
        if (slots is null || (_filled[shard] + 1) * 4 > slots.Length * 3) slots = Resize(shard);
        int at = FreeSlot(slots, (uint)hash);
        if (slots[at] == 0) _filled[shard]++;
        Volatile.Write(ref slots[at], hash << 32 | (uint)entry);
    }

    public void Remove(ulong hash, int entry)
    {
        var slots = _shards[hash >> 56]!;
        int at = (int)((uint)hash & (uint)(slots.Length - 1));
        while ((uint)slots[at] != (uint)entry) at = (at + 1) & (slots.Length - 1);
        Volatile.Write(ref slots[at], Removed);
    }

    private static int FreeSlot(ulong[] slots, uint tag)
    {
        int at = (int)(tag & (uint)(slots.Length - 1));
        while ((uint)slots[at] != 0) at = (at + 1) & (slots.Length - 1);
        return at;
    }

    private ulong[] Resize(int shard)
    {
        var old = _shards[shard] ?? [];
        int live = 0;
        foreach (ulong slot in old) if ((uint)slot != 0) live++;
        int length = FirstSlots;
        while (length < (live + 1) * 2) length *= 2;
        var slots = new ulong[length];
        foreach (ulong slot in old) if ((uint)slot != 0) slots[FreeSlot(slots, (uint)(slot >> 32))] = slot;
        _filled[shard] = live;
        Volatile.Write(ref _shards[shard], slots);
        return slots;
    }

    /// <summary>One walk over the slots of a tag.</summary>
    public ref struct Probe(ulong[]? slots, uint tag)
    {
        private readonly uint _tag = tag;
        private uint _at = tag;
        private int _left = slots?.Length ?? 0;

        /// <summary>The next entry that may be the key's; false at the end of the run.</summary>
        public bool Next(out int entry)
        {
            while (_left-- > 0)
            {
                ulong slot = Volatile.Read(ref slots![_at++ & (uint)(slots.Length - 1)]);
                if (slot == 0) break;
                entry = (int)(uint)slot;
                if (entry != 0 && (uint)(slot >> 32) == _tag) return true;
            }
            entry = 0;
            return false;
        }
    }
}
