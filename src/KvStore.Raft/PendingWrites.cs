namespace KvStore.Raft;

/// <summary>
/// The batches of entries that the host was given and has not yet acknowledged, in order. A batch remembers how far the log still is what
/// the batch wrote: an entry that was truncated and later written again with the same index and term is not durable because its first
/// writing was (the ABA of asynchronous storage), since the writing of what replaced it lies between.
/// </summary>
internal sealed class PendingWrites
{
    private readonly List<Batch> _batches = [];

    /// <summary>When the oldest unacknowledged batch was given out.</summary>
    public MonotonicTime? OldestSince => _batches.Count == 0 ? null : _batches[0].Since;

    public void Add(LogIndex last, Term term, MonotonicTime now) => _batches.Add(new Batch(last, term, last, now));

    /// <summary>The batch that ends in (index, term) and all before it are durable. Returns the index up to which that makes today's log durable; none when there is no such batch.</summary>
    public LogIndex Acknowledge(LogIndex index, Term term)
    {
        var found = 0;
        while (found < _batches.Count && (_batches[found].Last != index || _batches[found].Term != term)) found++;
        if (found == _batches.Count) return LogIndex.None;
        var durable = LogIndex.None;
        for (var i = 0; i <= found; i++) durable = LogIndex.Max(durable, _batches[i].ValidTo);
        _batches.RemoveRange(0, found + 1);
        return durable;
    }

    public void TruncateFrom(LogIndex from)
    {
        for (var i = 0; i < _batches.Count; i++)
            _batches[i] = _batches[i] with { ValidTo = LogIndex.Min(_batches[i].ValidTo, from.Previous) };
    }

    private readonly record struct Batch(LogIndex Last, Term Term, LogIndex ValidTo, MonotonicTime Since);
}
