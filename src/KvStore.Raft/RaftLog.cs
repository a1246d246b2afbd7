namespace KvStore.Raft;

/// <summary>
/// One replica's log: which entries there are, which of them were given out to be written, are durable, committed, given out to be
/// applied, and applied. Old entries live in <see cref="ILogSource"/> only.
/// </summary>
internal sealed class RaftLog
{
    private readonly RaftOptions _options;
    private readonly ILogSource _source;
    private readonly EntryRing _ring;
    private readonly TermRuns _terms;
    private readonly PendingWrites _writes = new();
    private readonly Queue<(LogIndex Last, long Bytes)> _applies = new();
    private long _applyBytes;

    /// <summary>The entries that <see cref="Slice"/> gave out last, and for which limit; forgotten when the log changes or the batch is taken.</summary>
    private Entry[]? _slice;
    private long _sliceBytesMax;

    public RaftLog(RaftOptions options, RaftStart start)
    {
        Invariant.That(start.Applied >= start.SnapshotIndex);
        _options = options;
        _source = start.Log;
        SnapshotIndex = start.SnapshotIndex;
        Last = start.SnapshotIndex;
        _ring = new EntryRing(start.SnapshotIndex.Next);
        _terms = new TermRuns(start.SnapshotIndex, start.SnapshotTerm);
        Commit = Applying = Applied = start.Applied;
        foreach (var entry in start.Entries)
        {
            AppendEntry(entry);
            HandedOut = Persisted = Last;
            Evict(LogIndex.None);
        }
        HandedOut = Persisted = Last;
        Invariant.That(Applied <= Last, "what was applied is in the log or covered by its start");
    }

    /// <summary>The log starts behind this index; what came before is covered by a checkpoint. Never goes back.</summary>
    public LogIndex SnapshotIndex { get; private set; }
    public Term SnapshotTerm => TermAt(SnapshotIndex);
    public LogIndex First => SnapshotIndex.Next;
    public LogIndex Last { get; private set; }
    public Term LastTerm => _terms.Last;

    /// <summary>Given out to the host to be written. HandedOut ≤ Last.</summary>
    public LogIndex HandedOut { get; private set; }

    /// <summary>Durable here. Persisted ≤ HandedOut; goes back only by truncation.</summary>
    public LogIndex Persisted { get; private set; }

    /// <summary>Committed as far as this replica knows. Never goes back; nothing at or below it is ever truncated.</summary>
    public LogIndex Commit { get; private set; }

    /// <summary>Given out to the host to be applied, or covered by a RaftSnapshot that it has installed. Applied ≤ Applying ≤ Commit, and nothing is given out before it is durable.</summary>
    public LogIndex Applying { get; private set; }

    public LogIndex Applied { get; private set; }

    /// <summary>Bytes of the entries after <see cref="Commit"/>.</summary>
    public long UncommittedBytes { get; private set; }

    public bool HasUnwritten => HandedOut < Last;

    public bool HasUnapplied => Applying < MayApplyTo && (_applyBytes == 0 || _applyBytes < _options.ApplyingBytesMax);

#if PLANTED
    private LogIndex MayApplyTo => Plants.Has(PlantedBug.CountSelfBeforeSync) ? Commit : LogIndex.Min(Commit, Persisted);
#else
    private LogIndex MayApplyTo => LogIndex.Min(Commit, Persisted);
#endif

    public MonotonicTime? OldestWriteSince => _writes.OldestSince;

    /// <summary>The term of an entry; none for an index that the log does not hold.</summary>
    public Term TermAt(LogIndex index) => index < SnapshotIndex || index > Last ? Term.None : _terms.At(index);

    public bool Matches(LogIndex index, Term term) => index >= SnapshotIndex && index <= Last && _terms.At(index) == term;

    /// <summary>Paper §5.4.1: whether a log that ends in (index, term) is at least as up to date as this one.</summary>
    public bool IsUpToDate(LogIndex index, Term term) => term > LastTerm || (term == LastTerm && index >= Last);

    /// <summary>Where a log can agree with this one, at most, that has <paramref name="term"/> at <paramref name="from"/> (paper §5.3, back-tracking by term).</summary>
    public LogIndex LastAtMost(LogIndex from, Term term) => _terms.LastAtMost(LogIndex.Max(LogIndex.Min(from, Last), SnapshotIndex), term);

    public void Append(Entry entry)
    {
        _slice = null;
        AppendEntry(entry);
    }

    /// <summary>Drops the entries at and after <paramref name="from"/>, which are not committed.</summary>
    public void TruncateFrom(LogIndex from)
    {
        Invariant.That(from > Commit, "committed entries are never truncated");
        if (from > Last) return;
        for (var i = from; i <= Last; i = i.Next) UncommittedBytes -= _ring[i].Size;
        _slice = null;
        _ring.RemoveFrom(from);
        _terms.TruncateFrom(from);
#if PLANTED
        if (!Plants.Has(PlantedBug.PersistedAba))
#endif
        _writes.TruncateFrom(from);
        Last = from.Previous;
        HandedOut = LogIndex.Min(HandedOut, Last);
        Persisted = LogIndex.Min(Persisted, Last);
    }

    public void CommitTo(LogIndex index)
    {
        Invariant.That(index >= Commit, "commit never goes back");
        Invariant.That(index <= Last, "commit stays within the log");
        for (var i = Commit.Next; i <= index; i = i.Next) UncommittedBytes -= _ring[i].Size;
        Commit = index;
        Invariant.That(UncommittedBytes >= 0);
    }

    /// <summary>True when more of the log became durable.</summary>
    public bool AcknowledgeWrite(LogIndex index, Term term)
    {
        var durable = _writes.Acknowledge(index, term);
        if (durable <= Persisted) return false;
        Invariant.That(durable <= HandedOut);
        Persisted = durable;
        return true;
    }

    /// <param name="index">Applied up to here.</param>
    /// <param name="everywhere">Nobody will ask this replica for entries up to here, as far as it knows.</param>
    public void AcknowledgeApply(LogIndex index, LogIndex everywhere)
    {
        // What was given out before a snapshot was installed may be reported after it.
        if (index <= Applied) return;
        Invariant.That(index <= Commit, "only what is committed is applied");
        // Beyond what was given out when the host has switched its state machine to a RaftSnapshot of entries that this log holds, too.
        Applying = LogIndex.Max(Applying, index);
        Applied = index;
        while (_applies.Count > 0 && _applies.Peek().Last <= index) _applyBytes -= _applies.Dequeue().Bytes;
        Evict(everywhere);
    }

    /// <summary>The entries that the host has not been given yet.</summary>
    public IReadOnlyList<Entry> TakeUnwritten(MonotonicTime now)
    {
        if (!HasUnwritten) return [];
        var entries = Slice(HandedOut.Next, long.MaxValue);
        HandedOut = Last;
        _writes.Add(Last, LastTerm, now);
        _slice = null;
        return entries;
    }

    public IReadOnlyList<Entry> TakeUnapplied()
    {
        _slice = null;
        if (!HasUnapplied) return [];
        var entries = Read(Applying.Next, MayApplyTo, _options.CommittedBytesPerReadyMax);
        var bytes = 0L;
        for (var i = 0; i < entries.Count; i++) bytes += entries[i].Size;
        Invariant.That(entries[0].Index == Applying.Next);
        Applying = entries[^1].Index;
        _applies.Enqueue((Applying, bytes));
        _applyBytes += bytes;
        return entries;
    }

    /// <summary>Entries from <paramref name="from"/> to the end, as many as fit but at least one. Followers that are at the same place share one array.</summary>
    public IReadOnlyList<Entry> Slice(LogIndex from, long bytesMax)
    {
        if (_slice is not null && _slice[0].Index == from && (bytesMax == _sliceBytesMax || (bytesMax > _sliceBytesMax && _slice[^1].Index == Last))) return _slice;
        var entries = Read(from, Last, bytesMax);
        if (entries is not Entry[] array) return entries;
        _slice = array;
        _sliceBytesMax = bytesMax;
        return array;
    }

    /// <summary>The log up to <paramref name="index"/> is covered by a checkpoint.</summary>
    public void Compact(LogIndex index)
    {
        if (index <= SnapshotIndex) return;
        Invariant.That(index <= Applied, "only what was applied is covered by a checkpoint");
        _slice = null;
        while (_ring.First <= index && _ring.First < _ring.End) _ring.RemoveOldest();
        if (_ring.First <= index) _ring.Reset(index.Next);
        _terms.Compact(index);
        SnapshotIndex = index;
    }

    /// <summary>A RaftSnapshot takes the place of the whole log.</summary>
    public void Reset(LogIndex index, Term term)
    {
#if PLANTED
        if (!Plants.Has(PlantedBug.OlderSnapshotInstalled))
#endif
        Invariant.That(index > Commit, "a snapshot never takes back what is committed");
        _slice = null;
        _ring.Reset(index.Next);
        _terms.Reset(index, term);
        _writes.TruncateFrom(new LogIndex(1));
        _applies.Clear();
        _applyBytes = 0;
        UncommittedBytes = 0;
        SnapshotIndex = Last = HandedOut = Persisted = Commit = Applying = Applied = index;
    }

    private void AppendEntry(Entry entry)
    {
        Invariant.That(entry.Index == Last.Next, "entries are contiguous");
        _ring.Add(entry);
        _terms.Append(entry.Index, entry.Term);
        Last = entry.Index;
        if (entry.Index > Commit) UncommittedBytes += entry.Size;
    }

    private IReadOnlyList<Entry> Read(LogIndex from, LogIndex to, long bytesMax)
    {
        Invariant.That(from >= First && from <= to && to <= Last);
        IReadOnlyList<Entry> stored = [];
        var bytes = 0L;
        if (from < _ring.First)
        {
            stored = _source.Read(from, LogIndex.Min(to.Next, _ring.First), bytesMax);
            Invariant.That(stored.Count > 0 && stored[0].Index == from, "the log source holds what the core no longer does");
            from = stored[^1].Index.Next;
            if (from < _ring.First || from > to) return stored;
            for (var i = 0; i < stored.Count; i++) bytes += stored[i].Size;
        }
        var count = 0;
        for (var i = from; i <= to; i = i.Next)
        {
            bytes += _ring[i].Size;
            if (stored.Count + count > 0 && bytes > bytesMax) break;
            count++;
        }
        var entries = new Entry[stored.Count + count];
        for (var i = 0; i < stored.Count; i++) entries[i] = stored[i];
        for (var i = 0; i < count; i++) entries[stored.Count + i] = _ring[from + (ulong)i];
        return entries;
    }

    /// <summary>Only what is durable and committed may leave the memory, since only that is never truncated; what is not applied stays longer.</summary>
    private void Evict(LogIndex everywhere)
    {
        var committed = LogIndex.Min(Commit, Persisted);
        var done = LogIndex.Min(Applied, Persisted);
        while (_ring.First <= done && (_ring.First <= everywhere || _ring.Bytes > _options.CachedBytesMax)) _ring.RemoveOldest();
        while (_ring.Bytes > _options.UnappliedBytesMax && _ring.First <= committed) _ring.RemoveOldest();
    }
}
