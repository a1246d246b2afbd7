using KvStore.Storage.Engine;

namespace KvStore.Node.Watches;

/// <summary>
/// Reads the writes of a range in order and gathers, for each watcher that wants them, the events of whole revisions: nothing is delivered of a revision before all of it was
/// read. Keys are matched before records are read.
/// </summary>
internal sealed class WatchReader(WriteCursor cursor) : IDisposable
{
    /// <summary>At the next border between revisions what was gathered is delivered.</summary>
    private const int GatheredBytesMax = 128 << 10;
    private const int GatheredEventsMax = 512;

    private readonly List<Watcher> _touched = [];
    private readonly List<Watcher> _found = [];
    private readonly int[] _selected = new int[WriteCursor.PageWritesMax];
    /// <summary>Where the watchers of each selected write end in <see cref="_found"/>.</summary>
    private readonly int[] _foundEnds = new int[WriteCursor.PageWritesMax];
    private readonly KeyValue[] _values = new KeyValue[WriteCursor.PageWritesMax];
    private int _selectedCount;
    private int _gatheredBytes;
    private int _gatheredEvents;
    /// <summary>The revision of the write that was looked at last: not known to be whole before one of another revision comes.</summary>
    private Revision _open;

    public WriteCursor Cursor { get; } = cursor;

    /// <summary>
    /// Reads about so many pages, more if a revision's writes take more. Afterwards the cursor stands at a border between revisions, all before it was delivered and nothing
    /// behind it was gathered, so that watchers may come and go.
    /// </summary>
    /// <returns>Whether all up to <paramref name="through"/>, a published revision, was delivered.</returns>
    /// <exception cref="SnapshotEndedException">The store is another one now, or the hold on history has ended.</exception>
    public bool Step(IWatchMatcher matcher, Revision through, int pagesMax)
    {
        _open = Cursor.Position;
        for (var page = 0; ; page++)
        {
            var more = Cursor.ReadPage(through);
            Select(matcher);
            if (!Gather(matcher, page < pagesMax ? StepEnd.WhenUnwanted : StepEnd.AtNextBorder)) return false;
#if PLANTED
            if (Raft.Plants.Has(Raft.PlantedBug.WatchSplitsRevision)) Deliver(matcher, _open);
#endif
            if (more) continue;
            Deliver(matcher, through);
            return true;
        }
    }

    public void Dispose() => Cursor.Dispose();

    private void Select(IWatchMatcher matcher)
    {
        _selectedCount = 0;
        _found.Clear();
        for (var i = 0; i < Cursor.Count; i++)
        {
            var before = _found.Count;
            matcher.Match(Cursor.Key(i), Cursor.IsTombstone(i), _found);
            if (_found.Count == before) continue;
            _selected[_selectedCount] = i;
            _foundEnds[_selectedCount++] = _found.Count;
        }
        if (_selectedCount > 0) Cursor.Read(_selected.AsSpan(0, _selectedCount), _values);
    }

    private enum StepEnd { WhenUnwanted, AtNextBorder }

    /// <summary>False: the step ends; what was read behind the last delivery will be read again.</summary>
    private bool Gather(IWatchMatcher matcher, StepEnd end)
    {
        int next = 0, first = 0;
        for (var i = 0; i < Cursor.Count; i++)
        {
            var revision = Cursor.Revision(i);
            var isBorder = revision != _open && _open > Cursor.Position;
            if (isBorder && (end == StepEnd.AtNextBorder || _gatheredBytes >= GatheredBytesMax || _gatheredEvents >= GatheredEventsMax))
            {
                Deliver(matcher, _open);
                if (end == StepEnd.AtNextBorder || !matcher.GoesOn)
                {
                    Cursor.Rewind();
                    return false;
                }
            }
            _open = revision;
            if (next == _selectedCount || _selected[next] != i) continue;
            Gather(i, _values[next], first, _foundEnds[next]);
            first = _foundEnds[next++];
        }
        return true;
    }

    private void Gather(int write, in KeyValue value, int first, int end)
    {
        WatchEvent? plain = null, full = null;
        for (var i = first; i < end; i++)
        {
            var watcher = _found[i];
            var happened = watcher.Watch.Query.Previous == WatchPrevious.Included
                ? full ??= new WatchEvent(value, Cursor.TryReadPrevious(write, out var previous) ? previous : null)
                : plain ??= new WatchEvent(value, null);
            if (!watcher.HasGathered) _touched.Add(watcher);
            watcher.Gather(happened);
        }
        _gatheredEvents++;
        _gatheredBytes += (full ?? plain)!.Bytes;
    }

    private void Deliver(IWatchMatcher matcher, Revision through)
    {
        foreach (var watcher in _touched) matcher.Deliver(watcher, watcher.TakeGathered(through));
        _touched.Clear();
        _gatheredBytes = _gatheredEvents = 0;
        if (through > Cursor.Position) Cursor.MoveTo(through);
    }
}
