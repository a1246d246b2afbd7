using System.Runtime.InteropServices;
using KvStore.Raft;
using KvStore.Storage.Engine.Index;

namespace KvStore.Storage.Engine;

/// <summary>
/// A pinned consistent view of a range at one revision. Used by one thread at a time. Its methods throw <see cref="SnapshotEndedException"/> when the range was split or
/// dropped.
/// </summary>
public sealed class RangeSnapshot : IDisposable
{
    /// <summary>What a record counts for in a page beside its key and value.</summary>
    private const int RecordOverheadBytes = 32;

    private readonly IRecordStore _records;
    private readonly KeyIndex _index;
    private readonly Pin _pin;

    internal RangeSnapshot(IRecordStore records, KeyIndex index, RangeDescription description, Pin pin) =>
        (_records, _index, Description, _pin) = (records, index, description, pin);

    public Revision Revision => Description.Revision;
    /// <summary>The range as it was when the snapshot was taken: what a RaftSnapshot says before the records.</summary>
    public RangeDescription Description { get; }

    /// <summary>Live keys in [start, end) in order (an empty end: to the end of the range).</summary>
    /// <exception cref="RecordDamagedException">A record is not what was written.</exception>
    public IEnumerable<KeyValue> Scan(ReadOnlyMemory<byte> start, ReadOnlyMemory<byte> end, ScanOrder order = ScanOrder.Ascending, ScanContent content = ScanContent.KeysAndValues)
    {
        var page = new IndexPage();
        var (ids, records) = (new RecordId[Leaf.Capacity], new byte[]?[Leaf.Capacity]);
        byte[]? next = Beginning(start, end, order);
        do
        {
            next = ReadIndex(next, start, end, order, page);
            if (content == ScanContent.KeysAndValues) _records.ReadMany(IdsOf(page, page.Count, ids).Span, records);
            ThrowIfEnded();
            for (int i = 0; i < page.Count; i++) yield return ValueOf(page, i, content, records);
        }
        while (next is not null);
    }

    /// <summary>The first live keys in [start, end) by the order, as many as both limits allow and at least one. No thread is held while the disk reads, and no record is read that does not go into the page.</summary>
    /// <param name="limit">Keys.</param>
    /// <param name="bytesMax">Of keys, values and 32 for each.</param>
    /// <returns>What was found, and whether there is more.</returns>
    /// <exception cref="RecordDamagedException">A record is not what was written.</exception>
    public async ValueTask<(List<KeyValue> Values, bool More)> ReadPageAsync(ReadOnlyMemory<byte> start, ReadOnlyMemory<byte> end, ScanOrder order, ScanContent content, int limit, long bytesMax)
    {
        var page = new IndexPage();
        var (ids, records) = (new RecordId[Leaf.Capacity], new byte[]?[Leaf.Capacity]);
        var values = new List<KeyValue>();
        var bytes = 0L;
        byte[]? next = Beginning(start, end, order);
        do
        {
            next = ReadIndex(next, start, end, order, page);
            var fitting = 0;
            for (; fitting < page.Count; fitting++)
            {
                bytes += page.Key(fitting).Length + RecordOverheadBytes + (content == ScanContent.KeysAndValues ? page[fitting].ValueLength : 0);
                if (values.Count + fitting > 0 && (values.Count + fitting >= limit || bytes > bytesMax)) break;
            }
            if (content == ScanContent.KeysAndValues) await _records.ReadManyAsync(IdsOf(page, fitting, ids), records).ConfigureAwait(false);
            ThrowIfEnded();
            for (int i = 0; i < fitting; i++) values.Add(ValueOf(page, i, content, records));
            if (fitting < page.Count) return (values, true);
        }
        while (next is not null);
        return (values, false);
    }

    private static byte[]? Beginning(ReadOnlyMemory<byte> start, ReadOnlyMemory<byte> end, ScanOrder order) => order == ScanOrder.Ascending ? start.ToArray() : end.Length == 0 ? null : end.ToArray();

    private byte[]? ReadIndex(byte[]? next, ReadOnlyMemory<byte> start, ReadOnlyMemory<byte> end, ScanOrder order, IndexPage page) =>
        order == ScanOrder.Ascending ? _index.ReadAscending(next!, end.Span, Revision, page) : _index.ReadDescending(start.Span, next, Revision, page);

    private ReadOnlyMemory<RecordId> IdsOf(IndexPage page, int count, RecordId[] ids)
    {
        for (int i = 0; i < count; i++) ids[i] = IdOf(page[i]);
        return ids.AsMemory(0, count);
    }

    private KeyValue ValueOf(IndexPage page, int i, ScanContent content, byte[]?[] records)
    {
        if (content == ScanContent.KeysOnly) return KeyOnly(page, i);
        var id = IdOf(page[i]);
        return RangeStore.Read(records[i] ?? throw RangeStore.Missing(id), id, page.Key(i));
    }

    /// <summary>The live keys that have a lease, in order, from the index alone.</summary>
    public IEnumerable<(byte[] Key, ulong Lease)> Attached()
    {
        var page = new IndexPage();
        byte[]? next = [];
        do
        {
            next = _index.ReadAscending(next, default, Revision, page);
            ThrowIfEnded();
            for (int i = 0; i < page.Count; i++)
                if (page[i].Lease != 0) yield return (page.Key(i).ToArray(), page[i].Lease);
        }
        while (next is not null);
    }

    /// <summary>The number of live keys in [start, end). Takes time linear in it.</summary>
    public long Count(ReadOnlySpan<byte> start, ReadOnlySpan<byte> end)
    {
        var page = new IndexPage();
        long count = 0;
        byte[]? next = start.ToArray();
        do
        {
            next = _index.ReadAscending(next, end, Revision, page);
            count += page.Count;
        }
        while (next is not null);
        ThrowIfEnded();
        return count;
    }

    /// <summary>
    /// Every record of the range from revision <paramref name="from"/> on up to the snapshot's, in (revision, sub) order, tombstones included: for RaftSnapshot and watches.
    /// Of what is at or before the compaction revision only the keys' then newest records. The snapshot was taken with <see cref="SnapshotHistory.All"/>.
    /// Sorting the part before the compaction revision takes 24 bytes of memory a key.
    /// </summary>
    public IEnumerable<(RecordId Id, byte[] Record)> Records(Revision from)
    {
        var compacted = Description.CompactRevision;
        Invariant.That(_pin.Revision <= compacted, "records are read under a pin on all history");
        if (from <= compacted)
            foreach (var pair in Read(RecordsUpTo(compacted, from))) yield return pair;
        var after = from <= compacted ? compacted : new Revision(from.Value - 1);
        foreach (var pair in Read(JournalIds(after))) yield return pair;
    }

    public void Dispose() => _pin.Release();

    private IEnumerable<(RecordId Id, byte[] Record)> Read(IEnumerable<RecordId[]> batches)
    {
        foreach (var ids in batches)
        {
            var records = new byte[]?[ids.Length];
            _records.ReadMany(ids, records);
            ThrowIfEnded();
            for (int i = 0; i < ids.Length; i++) yield return (ids[i], Checked(records[i] ?? throw RangeStore.Missing(ids[i]), ids[i]));
        }
    }

    private static byte[] Checked(byte[] record, in RecordId id)
    {
        StoredRecord.Parse(record, id);
        return record;
    }

    private IEnumerable<RecordId[]> RecordsUpTo(Revision compacted, Revision from)
    {
        var page = new IndexPage();
        var ids = new List<RecordId>();
        byte[]? next = [];
        do
        {
            next = _index.ReadAscending(next, default, compacted, page);
            for (int i = 0; i < page.Count; i++) if (page[i].Modified >= from.Value) ids.Add(IdOf(page[i]));
        }
        while (next is not null);
        ThrowIfEnded();
        CollectionsMarshal.AsSpan(ids).Sort((a, b) => a.Revision != b.Revision ? a.Revision.CompareTo(b.Revision) : a.Sub.CompareTo(b.Sub));
        for (int i = 0; i < ids.Count; i += Leaf.Capacity) yield return ids.GetRange(i, Math.Min(Leaf.Capacity, ids.Count - i)).ToArray();
    }

    private IEnumerable<RecordId[]> JournalIds(Revision after)
    {
        var page = new IndexPage();
        var place = _index.JournalStart;
        var more = true;
        while (more)
        {
            more = _index.ReadJournal(ref place, after, Revision, page);
            var ids = new RecordId[page.Count];
            for (int i = 0; i < ids.Length; i++) ids[i] = IdOf(page[i]);
            yield return ids;
        }
    }

    private static KeyValue KeyOnly(IndexPage page, int i)
    {
        var state = page[i].State;
        return new KeyValue(page.Key(i).ToArray(), default, state.Create, state.Modified, state.Version, state.Lease, false);
    }

    private RecordId IdOf(in VersionSlot version) => new(Description.StayOf(version.Lineage), new Revision(version.Modified), version.Sub);

    private void ThrowIfEnded()
    {
        if (_pin.HasEnded) throw new SnapshotEndedException(Revision);
    }
}
