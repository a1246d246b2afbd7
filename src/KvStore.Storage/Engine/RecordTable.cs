using System.Numerics;
using System.Runtime.InteropServices;

namespace KvStore.Storage.Engine;

/// <summary>
/// Records by id, and in the order in which they came: one hash table over a list, so that the collector finds no object for a record but its bytes. Not thread-safe.
/// </summary>
internal sealed class RecordTable
{
    private const ulong GoldenRatio = 0x9E3779B97F4A7C15;

    private readonly List<Slot> _slots = [];
    /// <summary>The newest slot of each chain, counted from 1; 0: none. At least as many as there are records.</summary>
    private int[] _chains = new int[256];

    private struct Slot
    {
        public RecordId Id;
        public byte[] Record;
        /// <summary>The one before it in its chain; 0: none.</summary>
        public int Next;
    }

    public int Count => _slots.Count;

    public RecordId IdAt(int place) => _slots[place].Id;

    public byte[] RecordAt(int place) => _slots[place].Record;

    /// <summary>Null when there is none of that id.</summary>
    public byte[]? Find(in RecordId id)
    {
        for (var at = _chains[ChainOf(id)]; at != 0;)
        {
            ref var slot = ref SlotAt(at);
            if (slot.Id == id) return slot.Record;
            at = slot.Next;
        }
        return null;
    }

    /// <summary>The caller has made sure that the id is new.</summary>
    public void Add(in RecordId id, byte[] record)
    {
        if (Count == _chains.Length) Grow();
        _slots.Add(new Slot { Id = id, Record = record });
        Link(Count);
    }

    private ref Slot SlotAt(int at) => ref CollectionsMarshal.AsSpan(_slots)[at - 1];

    private void Link(int at)
    {
        ref var slot = ref SlotAt(at);
        ref var chain = ref _chains[ChainOf(slot.Id)];
        slot.Next = chain;
        chain = at;
    }

    private void Grow()
    {
        _chains = new int[2 * _chains.Length];
        for (var at = 1; at <= Count; at++) Link(at);
    }

    private int ChainOf(in RecordId id) => (int)(((id.Stay.Value * GoldenRatio + id.Revision.Value) * GoldenRatio + id.Sub) * GoldenRatio >> (64 - BitOperations.TrailingZeroCount(_chains.Length)));
}
