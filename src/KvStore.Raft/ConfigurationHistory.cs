namespace KvStore.Raft;

/// <summary>
/// The configuration as a function of the log: each change holds from its entry on, committed or not (dissertation §4.1), and goes when
/// its entry is truncated. See docs/adr/0009.
/// </summary>
internal sealed class ConfigurationHistory(LogIndex start, Configuration configuration)
{
    /// <summary>Ascending by index, never empty: the first one is the configuration at the start of the log.</summary>
    private readonly List<(LogIndex Index, Configuration Configuration)> _changes = [(start, configuration)];

    public Configuration Latest => _changes[^1].Configuration;

    /// <summary>The index of the entry that made <see cref="Latest"/>.</summary>
    public LogIndex LatestIndex => _changes[^1].Index;

    public Configuration At(LogIndex index)
    {
        var i = _changes.Count - 1;
        while (i > 0 && _changes[i].Index > index) i--;
        return _changes[i].Configuration;
    }

    /// <summary>Takes a change entry that was appended to the log. It holds the whole configuration, so that a replica which joins late needs no history.</summary>
    public void Append(Entry entry)
    {
        Invariant.That(entry.Index > LatestIndex);
        _changes.Add((entry.Index, Configuration.Decode(entry.Payload.Span)));
    }

    /// <summary>Rolls back the changes at and after <paramref name="from"/>.</summary>
    public bool TruncateFrom(LogIndex from)
    {
        var before = _changes.Count;
        while (_changes.Count > 1 && _changes[^1].Index >= from) _changes.RemoveAt(_changes.Count - 1);
        return _changes.Count != before;
    }

    /// <summary>Forgets what cannot be asked for any more when the log starts after <paramref name="index"/>.</summary>
    public void Compact(LogIndex index)
    {
        while (_changes.Count > 1 && _changes[1].Index <= index) _changes.RemoveAt(0);
    }

    public void Reset(LogIndex index, Configuration configuration)
    {
        _changes.Clear();
        _changes.Add((index, configuration));
    }
}
