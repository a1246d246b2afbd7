using KvStore.Storage.Engine;

namespace KvStore.Node.StateMachine.Transactions;

/// <summary>A write that a transaction will do if nothing refuses it. <see cref="Value"/> as later reads of the transaction see it; deleted: it is not there.</summary>
internal sealed record StagedWrite(KeyValue Value)
{
    public ReadOnlyMemory<byte> Key => Value.Key;
    public bool Deletes => Value.Deleted;
}

/// <summary>What a transaction has written so far: in order, for the records, and by key, for its own reads. No key twice (the rules see to it).</summary>
internal sealed class StagedWrites
{
    private sealed class ByKey : IComparer<StagedWrite>
    {
        public int Compare(StagedWrite? x, StagedWrite? y) => x!.Key.Span.SequenceCompareTo(y!.Key.Span);
    }

    private readonly List<StagedWrite> inOrder = [];
    private readonly SortedSet<StagedWrite> byKey = new(new ByKey());

    public IReadOnlyList<StagedWrite> InOrder => inOrder;

    public void Add(StagedWrite write)
    {
        Raft.Invariant.That(byKey.Add(write), "a transaction writes a key once");
        inOrder.Add(write);
    }

    public StagedWrite? Find(ReadOnlyMemory<byte> key) => inOrder.Count != 0 && byKey.TryGetValue(Probe(key), out var found) ? found : null;

    /// <summary>What is stored in [start, end), as the writes leave it; the same order.</summary>
    public IEnumerable<KeyValue> Over(IEnumerable<KeyValue> stored, ReadOnlyMemory<byte> start, ReadOnlyMemory<byte> end, ScanOrder order)
    {
        if (inOrder.Count == 0) return stored;
        var staged = Between(start, end);
        return staged.Count == 0 ? stored : Merge(stored, order == ScanOrder.Ascending ? staged : staged.Reverse(), order == ScanOrder.Ascending ? 1 : -1);
    }

    private static IEnumerable<KeyValue> Merge(IEnumerable<KeyValue> stored, IEnumerable<StagedWrite> staged, int direction)
    {
        using var writes = staged.GetEnumerator();
        var more = writes.MoveNext();
        foreach (var value in stored)
        {
            var order = 1;
            while (more && (order = direction * writes.Current.Key.Span.SequenceCompareTo(value.Key.Span)) < 0)
            {
                if (!writes.Current.Deletes) yield return writes.Current.Value;
                more = writes.MoveNext();
            }
            if (!more || order > 0)
            {
                yield return value;
                continue;
            }
            if (!writes.Current.Deletes) yield return writes.Current.Value;
            more = writes.MoveNext();
        }
        for (; more; more = writes.MoveNext())
            if (!writes.Current.Deletes) yield return writes.Current.Value;
    }

    private SortedSet<StagedWrite> Between(ReadOnlyMemory<byte> start, ReadOnlyMemory<byte> end)
    {
        var last = byKey.Max!;
        var low = Probe(start);
        var high = end.IsEmpty ? last : Probe(end);
        if (byKey.Comparer.Compare(low, high) > 0) return [];
        var between = byKey.GetViewBetween(low, high);
        // The view takes in its upper bound; the interval does not.
        if (end.IsEmpty || !byKey.Contains(high)) return between;
        var copy = new SortedSet<StagedWrite>(between, byKey.Comparer);
        copy.Remove(high);
        return copy;
    }

    private static StagedWrite Probe(ReadOnlyMemory<byte> key) => new(new KeyValue(key, default, default, default, 0, 0, Deleted: true));
}
