namespace KvStore.Raft;

/// <summary>The term of every entry of a log, kept as runs, so that back-tracking never reads the disk.</summary>
internal sealed class TermRuns(LogIndex start, Term term)
{
    /// <summary>Ascending by start and by term; the first run starts at the entry before the log's first.</summary>
    private readonly List<(LogIndex Start, Term Term)> _runs = [(start, term)];

    public Term Last => _runs[^1].Term;

    /// <summary>The term at an index that the log holds.</summary>
    public Term At(LogIndex index)
    {
        var i = RunOf(index);
        return _runs[i].Term;
    }

    public void Append(LogIndex index, Term term)
    {
        Invariant.That(term >= Last);
        if (term > Last) _runs.Add((index, term));
    }

    public void TruncateFrom(LogIndex from)
    {
        while (_runs.Count > 1 && _runs[^1].Start >= from) _runs.RemoveAt(_runs.Count - 1);
    }

    public void Compact(LogIndex index)
    {
        var i = RunOf(index);
        _runs.RemoveRange(0, i);
        _runs[0] = (index, _runs[0].Term);
    }

    public void Reset(LogIndex index, Term term)
    {
        _runs.Clear();
        _runs.Add((index, term));
    }

    /// <summary>The greatest index at or below <paramref name="from"/> whose term is at most <paramref name="term"/>; the start of the log when there is none.</summary>
    public LogIndex LastAtMost(LogIndex from, Term term)
    {
        var i = RunOf(from);
        if (_runs[i].Term <= term) return from;
        while (i > 0 && _runs[i].Term > term) i--;
        return _runs[i].Term <= term ? _runs[i + 1].Start.Previous : _runs[0].Start;
    }

    private int RunOf(LogIndex index)
    {
        var i = _runs.Count - 1;
        while (i > 0 && _runs[i].Start > index) i--;
        return i;
    }
}
