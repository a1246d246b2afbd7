namespace KvStore.Raft.Replication;

/// <summary>
/// A leader's reads that wait for proof that it still leads (dissertation §6.4): they wait until the term's first commit, then all that
/// came since the last round share the next one, and are answered when a quorum answered that round or a later one.
/// </summary>
internal sealed class PendingReads(int countMax)
{
    private readonly Queue<Batch> _started = new();
    private List<Read> _waiting = [];
    private int _count;

    public bool HasWaiting => _waiting.Count > 0;

    /// <summary>False when too many wait already.</summary>
    public bool TryAdd(Read read)
    {
        if (_count >= countMax) return false;
        _waiting.Add(read);
        _count++;
        return true;
    }

    /// <summary>A round that starts now proves that <paramref name="index"/> covers everything committed before the reads came.</summary>
    public void Start(ulong round, LogIndex index)
    {
        if (_waiting.Count == 0) return;
        _started.Enqueue(new Batch(round, index, _waiting));
        _waiting = [];
    }

    /// <summary>The oldest batch whose round is at or below <paramref name="quorumRound"/>.</summary>
    public bool TryTake(ulong quorumRound, out LogIndex index, out IReadOnlyList<Read> reads)
    {
        (index, reads) = (LogIndex.None, []);
        if (_started.Count == 0 || _started.Peek().Round > quorumRound) return false;
        var batch = _started.Dequeue();
        (index, reads) = (batch.Index, batch.Reads);
        _count -= reads.Count;
        return true;
    }

    /// <summary>All that are not answered, when leadership ends.</summary>
    public IReadOnlyList<Read> TakeAll()
    {
        List<Read> all = [];
        while (_started.Count > 0) all.AddRange(_started.Dequeue().Reads);
        all.AddRange(_waiting);
        _waiting = [];
        _count = 0;
        return all;
    }

    /// <param name="Asker">Who forwarded the read; this replica itself for its own reads.</param>
    public readonly record struct Read(ReplicaId Asker, ulong RequestId);

    private readonly record struct Batch(ulong Round, LogIndex Index, List<Read> Reads);
}
