namespace KvStore.Client.Internal.Transport;

/// <summary>
/// The unanswered operations of one stream by the id that they were sent with. An id is a slot and the slot's use count, so that it never comes back for as long as the stream lives.
/// A slot whose operation was taken away stays in use until its answer comes. Not thread-safe.
/// </summary>
internal sealed class SlotTable
{
    private const int SlotBits = 20;
    private const ulong SlotMask = (1UL << SlotBits) - 1;

    /// <summary>More operations than that are not open on one stream; the rest waits in the queue.</summary>
    public const int CapacityMax = 1 << SlotBits;

    private Slot[] _slots = new Slot[256];
    private readonly Stack<int> _free = new();
    private int _high;

    /// <summary>Slots with an operation.</summary>
    public int Count { get; private set; }

    public bool IsFull => _free.Count == 0 && _high == CapacityMax;

    public ulong Add(Operation operation)
    {
        if (!_free.TryPop(out var index))
        {
            index = _high++;
            if (index == _slots.Length) Array.Resize(ref _slots, index * 2);
        }
        ref var slot = ref _slots[index];
        slot.Operation = operation;
        slot.InUse = true;
        Count++;
        return (++slot.Uses << SlotBits) | (uint)index;
    }

    /// <summary>An answer came. Null: its operation was taken away before.</summary>
    /// <exception cref="FormatException">Nothing with this id is open.</exception>
    public Operation? Answered(ulong id)
    {
        var index = (int)(id & SlotMask);
        if (index >= _high || !_slots[index].InUse || _slots[index].Uses != id >> SlotBits) throw new FormatException($"An answer to operation {id}, which is not open.");
        ref var slot = ref _slots[index];
        var operation = slot.Operation;
        if (operation is not null) Count--;
        slot.Operation = null;
        slot.InUse = false;
        _free.Push(index);
        return operation;
    }

    /// <summary>Takes away the operations that a predicate picks; late answers to them are dropped.</summary>
    public void Take(Predicate<Operation> picked, List<Operation> taken)
    {
        for (var i = 0; i < _high && Count > 0; i++)
        {
            if (_slots[i].Operation is not { } operation || !picked(operation)) continue;
            taken.Add(operation);
            _slots[i].Operation = null;
            Count--;
        }
    }

    private struct Slot
    {
        public Operation? Operation;
        public ulong Uses;
        public bool InUse;
    }
}
