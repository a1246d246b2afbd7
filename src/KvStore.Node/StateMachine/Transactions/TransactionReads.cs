using KvStore.Storage.Engine;

namespace KvStore.Node.StateMachine.Transactions;

/// <summary>The reads of one transaction: what is stored, under what it has written itself. Counts the keys that it looks at.</summary>
internal sealed class TransactionReads(RangeStore store, StagedWrites staged, int keysVisitedMax = TransactionLimits.KeysVisitedMax) : IDisposable
{
    private RangeSnapshot? snapshot;
    private int visited;

    /// <summary>False, and the default state, when there is no such key.</summary>
    public bool TryGet(ReadOnlyMemory<byte> key, out KeyState state)
    {
        Visit();
        if (staged.Find(key) is not { } write) return store.TryGetNewest(key.Span, out state);
        state = write.Deletes ? default : new KeyState(write.Value.Create, write.Value.Modified, write.Value.Version, write.Value.Lease);
        return !write.Deletes;
    }

    public bool TryRead(ReadOnlyMemory<byte> key, out KeyValue value)
    {
        Visit();
#if PLANTED
        if (Raft.Plants.Has(Raft.PlantedBug.TransactionReadsPublished) && staged.Find(key) is null) return store.TryGet(key.Span, null, out value);
#endif
        if (staged.Find(key) is not { } write) return store.TryReadNewest(key.Span, out value);
        value = write.Value;
        return !write.Deletes;
    }

    /// <summary>The keys of [start, end) that exist; an empty end is that of the range. Nothing may be staged while it is enumerated.</summary>
    public IEnumerable<KeyValue> Scan(ReadOnlyMemory<byte> start, ReadOnlyMemory<byte> end, ScanOrder order, ScanContent content)
    {
        snapshot ??= store.SnapshotNewest();
        foreach (var value in staged.Over(snapshot.Scan(start, end, order, content), start, end, order))
        {
            Visit();
            yield return value;
        }
    }

    /// <summary>Before the transaction's records are written.</summary>
    public void Dispose() => snapshot?.Dispose();

    private void Visit()
    {
        if (++visited > keysVisitedMax)
            throw TransactionRefusedException.Invalid($"the transaction would look at more than {keysVisitedMax} keys");
    }
}
