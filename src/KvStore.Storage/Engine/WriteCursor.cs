using KvStore.Raft;
using KvStore.Storage.Engine.Index;

namespace KvStore.Storage.Engine;

/// <summary>
/// The writes of a range in order of (revision, sub), page by page, from a position on: what watches read. Keys come from the index alone; records are read for those
/// writes that are asked for. What lies behind the position is kept from being dropped. Used by one thread at a time. Its reading methods throw <see cref="SnapshotEndedException"/>
/// when the range was split or dropped.
/// </summary>
public sealed class WriteCursor : IDisposable
{
    /// <summary>Writes in a page at most.</summary>
    public const int PageWritesMax = Leaf.Capacity;

    private readonly IRecordStore _records;
    private readonly KeyIndex _index;
    private readonly RangeDescription _description;
    private readonly Pin _pin;
    private readonly IndexPage _page = new();
    /// <summary>At or before the first write behind <see cref="Position"/>.</summary>
    private JournalPlace _anchor;
    private JournalPlace _pageStart;
    private JournalPlace _next;
    /// <summary>What was read into pages so far; at least <see cref="Position"/>.</summary>
    private Revision _read;

    internal WriteCursor(IRecordStore records, KeyIndex index, RangeDescription description, Pin pin, JournalPlace place)
    {
        (_records, _index, _description, _pin) = (records, index, description, pin);
        _anchor = _pageStart = _next = place;
        _read = Position = pin.Revision;
    }

    /// <summary>Everything after it can be read.</summary>
    public Revision Position { get; private set; }

    public bool HasEnded => _pin.HasEnded;

    /// <summary>Writes in the page.</summary>
    public int Count => _page.Count;

    public ReadOnlySpan<byte> Key(int i) => _page.Key(i);
    public Revision Revision(int i) => new(_page[i].Modified);
    public bool IsTombstone(int i) => _page[i].IsTombstone;

    /// <summary>Fills the page with the next writes at or before a published revision. A revision's writes may spread over pages.</summary>
    /// <returns>Whether the page is full, so that there may be more up to that revision.</returns>
    public bool ReadPage(Revision through)
    {
        _pageStart = _next;
        var more = _index.ReadJournal(ref _next, Position, through, _page);
        ThrowIfEnded();
        if (_page.Count > 0) _read = Revision(_page.Count - 1);
        return more;
    }

    /// <summary>The records of some writes of the page, read together.</summary>
    /// <param name="writes">Their places in the page.</param>
    /// <param name="values">As many; a deleted key has no value.</param>
    /// <exception cref="RecordDamagedException">A record is not what was written.</exception>
    public void Read(ReadOnlySpan<int> writes, Span<KeyValue> values)
    {
        Span<RecordId> ids = stackalloc RecordId[PageWritesMax];
        var records = new byte[]?[writes.Length];
        for (int i = 0; i < writes.Length; i++) ids[i] = IdOf(_page[writes[i]]);
        _records.ReadMany(ids[..writes.Length], records);
        ThrowIfEnded();
        for (int i = 0; i < writes.Length; i++)
            values[i] = RangeStore.Read(records[i] ?? throw RangeStore.Missing(ids[i]), ids[i], _page.Key(writes[i]));
    }

    /// <summary>What the key of a write was before its revision; false when there was no such key.</summary>
    /// <exception cref="RecordDamagedException">The record is not what was written.</exception>
    public bool TryReadPrevious(int write, out KeyValue value)
    {
        value = default;
        var key = _page.Key(write);
        if (!_index.TryFind(key, new Revision(_page[write].Modified - 1), out var version) || version.IsTombstone) return false;
        var id = IdOf(version);
        var isFound = _records.TryRead(id, out var record);
        ThrowIfEnded();
        if (!isFound) throw RangeStore.Missing(id);
        value = RangeStore.Read(record, id, key);
        return true;
    }

    /// <summary>Moves the position up: history at or before it may be dropped. Reading goes on where it was.</summary>
    /// <param name="revision">The last revision that is done with; no page went beyond it but the present one.</param>
    public void MoveTo(Revision revision)
    {
        Invariant.That(revision >= Position, "a cursor moves forward");
        _anchor = revision >= _read ? _next : _pageStart;
        Position = revision;
        _pin.MoveTo(revision);
    }

    /// <summary>Reads on at <see cref="Position"/>: pages behind it come again.</summary>
    public void Rewind()
    {
        (_next, _read) = (_anchor, Position);
        _page.Clear();
    }

    /// <summary>A cursor of its own that begins at <see cref="Position"/>, also when that was compacted meanwhile; null when this one has ended.</summary>
    public WriteCursor? Fork() =>
        _pin.Fork() is { } pin ? new WriteCursor(_records, _index, _description, pin, _anchor) : null;

    public void Dispose() => _pin.Release();

    private RecordId IdOf(in VersionSlot version) => new(_description.StayOf(version.Lineage), new Revision(version.Modified), version.Sub);

    private void ThrowIfEnded()
    {
        if (_pin.HasEnded) throw new SnapshotEndedException(Position);
    }
}
