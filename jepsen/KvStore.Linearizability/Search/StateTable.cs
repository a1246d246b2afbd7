namespace KvStore.Linearizability.Search;

/// <summary>States of several keys as numbers: equal states have the same number, and 0 is the one where every key is absent.</summary>
internal sealed class StateTable
{
    private readonly int _width;
    private readonly MemoryAccount _memory;
    private int[] _slots;
    private int[] _buckets = new int[64];
    private int _count;

    public StateTable(int width, MemoryAccount memory)
    {
        _width = width;
        _memory = memory;
        memory.Charge(((width * 16) + _buckets.Length) * sizeof(int));
        _slots = new int[width * 16];
        var initial = Intern(new int[width]);
        Invariant.That(initial == 0);
    }

    /// <summary>The value number of each key. Valid until the next <see cref="Intern"/>.</summary>
    public ReadOnlySpan<int> this[int state] => _slots.AsSpan(state * _width, _width);

    public int Intern(ReadOnlySpan<int> state)
    {
        var bucket = Hash(state) & (uint)(_buckets.Length - 1);
        for (; _buckets[bucket] != 0; bucket = (bucket + 1) & (uint)(_buckets.Length - 1))
        {
            if (this[_buckets[bucket] - 1].SequenceEqual(state)) return _buckets[bucket] - 1;
        }
        if ((_count + 1) * 2 > _buckets.Length)
        {
            Grow();
            return Intern(state);
        }
        if ((_count + 1) * _width > _slots.Length)
        {
            _memory.Charge(_slots.Length * 2L * sizeof(int));
            Array.Resize(ref _slots, _slots.Length * 2);
        }
        state.CopyTo(_slots.AsSpan(_count * _width));
        _buckets[bucket] = ++_count;
        return _count - 1;
    }

    private static uint Hash(ReadOnlySpan<int> state)
    {
        var hash = 0UL;
        foreach (var slot in state) hash = ((hash ^ (hash >> 29)) + (uint)slot) * 0xBF58476D1CE4E5B9;
        return (uint)(hash >> 32);
    }

    private void Grow()
    {
        _memory.Charge(_buckets.Length * 4L * sizeof(int));
        var buckets = new int[_buckets.Length * 4];
        for (var state = 0; state < _count; state++)
        {
            var bucket = Hash(this[state]) & (uint)(buckets.Length - 1);
            while (buckets[bucket] != 0) bucket = (bucket + 1) & (uint)(buckets.Length - 1);
            buckets[bucket] = state + 1;
        }
        _buckets = buckets;
    }
}
