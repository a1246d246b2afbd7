using KvStore.Raft;
using KvStore.Storage.Engine.Index;

namespace KvStore.Storage.Engine;

/// <summary>
/// The multi-version data of one stay. Writes, Publish, Compact belong to the group's apply thread; reads may come from any thread, are lock-free against it and see
/// only published revisions.
/// </summary>
public sealed class RangeStore
{
    private readonly IRecordStore _records;
    private readonly Pins _pins = new();
    private KeyIndex _index;
    private RangeDescription _description;

    /// <summary>Readers filter by it; it is written after everything that it makes visible.</summary>
    private ulong _published;
    /// <summary>Written before anything below it is dropped, so that a reader who missed a version sees why. Never above <see cref="_published"/>.</summary>
    private ulong _compacted;
    /// <summary>How far the index was really dropped: at most <see cref="_compacted"/>, held back by pins. Written after the drop was done (rule 2 of reclaim depends on it).</summary>
    private ulong _dropped;
    /// <summary>The newest revision written, published or not.</summary>
    private Revision _written;
    private int _endedPinsSeen;
    /// <summary>Set before anything of a dropped range is reclaimed, so that a reader who misses a record sees why.</summary>
    private volatile bool _hasEnded;
    private byte[] _buffer = new byte[256];

    internal RangeStore(IRecordStore records, RangeDescription description, KeyIndex index)
    {
        (_records, _description, _index) = (records, description, index);
        _published = description.Revision.Value;
        _compacted = _dropped = description.CompactRevision.Value;
        _written = description.Revision;
    }

    public Stay Stay => _description.Stay;
    /// <summary>The newest published revision.</summary>
    public Revision Revision => new(Volatile.Read(ref _published));
    /// <summary>History below this is gone.</summary>
    public Revision CompactRevision => new(Volatile.Read(ref _compacted));
    /// <summary>Keys that exist (newest version, deleted ones not counted).</summary>
    public long Keys => Index.LiveKeys;
    /// <summary>Live bytes of keys and values (newest versions).</summary>
    public long Bytes => Index.LiveBytes;
    /// <summary>What a RaftSnapshot's receiver needs to create the same range.</summary>
    public RangeDescription Description => _description with { Revision = Revision, CompactRevision = CompactRevision };

    internal Revision DroppedThrough => new(Volatile.Read(ref _dropped));
    internal KeyIndex Index => Volatile.Read(ref _index);
    internal Revision Written => _written;

    // ---- apply thread ----

    /// <summary>Keys that are about to be looked up: brings what the index has of them near, all at once. At most <see cref="TouchedMax"/>.</summary>
    /// <param name="hashes">By <see cref="HashOf"/>.</param>
    public void Touch(ReadOnlySpan<ulong> hashes)
    {
        Invariant.That(hashes.Length <= TouchedMax);
        _index.Touch(hashes);
        KeysTouched += hashes.Length;
    }

    public const int TouchedMax = 64;

    /// <summary>Keys that <see cref="Touch"/> was given so far, each time counted.</summary>
    internal long KeysTouched { get; private set; }

    /// <summary>What the index looks a key up by. Differs between versions.</summary>
    public static ulong HashOf(ReadOnlySpan<byte> key) => KeyHash.Of(key);

    /// <summary>The newest state of a key, including writes of this apply that are not yet published.</summary>
    public bool TryGetNewest(ReadOnlySpan<byte> key, out KeyState state) => TryGetNewest(_index.Find(key), out state);

    private bool TryGetNewest(in KeyPlace place, out KeyState state)
    {
        bool isThere = _index.TryGetNewest(place, out var version) && !version.IsTombstone;
        state = isThere ? version.State : default;
        return isThere;
    }

    /// <summary>The newest value, for compares inside apply. May wait for the disk.</summary>
    /// <exception cref="RecordDamagedException">The record is not what was written.</exception>
    public bool TryReadNewest(ReadOnlySpan<byte> key, out KeyValue value)
    {
        value = default;
        if (!_index.TryGetNewest(_index.Find(key), out var version) || version.IsTombstone) return false;
        var id = IdOf(version);
        if (!_records.TryRead(id, out byte[] record)) throw Missing(id);
        value = Read(record, id, key);
        return true;
    }

    /// <summary>
    /// The newest state of all keys, including writes of this apply that are not yet published; for the apply thread, which disposes it before it writes again.
    /// </summary>
    public RangeSnapshot SnapshotNewest()
    {
        var description = Description with { Revision = _written };
        return new RangeSnapshot(_records, _index, description, _pins.Take(() => _written));
    }

    /// <summary>Writes one record at <paramref name="revision"/> (greater than Revision); create revision and version follow from the key's newest state. Returns them.</summary>
    public KeyState Put(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value, Revision revision, uint sub, ulong lease) => Put(key, value, revision, sub, lease, out _);

    /// <param name="before">The key's state before; default when it did not exist.</param>
    /// <inheritdoc cref="Put(ReadOnlySpan{byte}, ReadOnlySpan{byte}, Revision, uint, ulong)"/>
    public KeyState Put(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value, Revision revision, uint sub, ulong lease, out KeyState before)
    {
        var place = _index.Find(key);
        var state = TryGetNewest(place, out before)
            ? new KeyState(before.Create, revision, before.Version + 1, lease)
            : new KeyState(revision, revision, 1, lease);
        Write(key, place, value, new RecordId(Stay, revision, sub), state, RecordKind.Value);
        return state;
    }

    /// <summary>Writes a tombstone. False, and nothing written, when the key does not exist.</summary>
    public bool Delete(ReadOnlySpan<byte> key, Revision revision, uint sub) => Delete(key, revision, sub, out _);

    /// <param name="before">The key's state before.</param>
    /// <inheritdoc cref="Delete(ReadOnlySpan{byte}, Revision, uint)"/>
    public bool Delete(ReadOnlySpan<byte> key, Revision revision, uint sub, out KeyState before)
    {
        var place = _index.Find(key);
        if (!TryGetNewest(place, out before)) return false;
        Write(key, place, [], new RecordId(Stay, revision, sub), new KeyState(default, revision, 0, 0), RecordKind.Tombstone);
        return true;
    }

    /// <summary>
    /// Restores a record with its own revisions (snapshot install, staging), in order of (revision, sub). The id's stay is this one or one of its lineage; the bytes are
    /// taken over as they are.
    /// </summary>
    /// <exception cref="RecordDamagedException">The bytes are not a record of that revision and sub.</exception>
    public void Restore(in RecordId id, ReadOnlySpan<byte> record)
    {
        var parsed = StoredRecord.Parse(record, id);
        int lineage = _description.LineageOf(id);
        Invariant.That(lineage >= 0, "a restored record belongs to the range's lineage");
        Invariant.That(id.Revision >= _written, "records are restored in order");
        _records.Append(id, record);
        _index.Add(parsed.Key, _index.Find(parsed.Key), VersionSlot.Of(parsed, lineage));
        _written = id.Revision;
    }

    /// <summary>Makes everything up to <paramref name="revision"/> visible to readers at once.</summary>
    public void Publish(Revision revision)
    {
        Invariant.That(revision >= Revision && revision >= _written);
        _written = revision;
        Volatile.Write(ref _published, revision.Value);
        if (_dropped < _compacted && _endedPinsSeen != _pins.Ended) Drop();
    }

    /// <summary>
    /// Drops history that was superseded at or before <paramref name="revision"/> from the index: at once for new readers, for what pinned snapshots read after they ended
    /// (then with a later Publish or Compact). A revision at or below the present one changes nothing.
    /// </summary>
    public void Compact(Revision revision)
    {
        Invariant.That(revision <= Revision, "only what is published is compacted");
        if (revision > CompactRevision) Drop(revision);
        else if (_dropped < _compacted) Drop();
    }

    /// <summary>Whether a stored record is newer than what was dropped (<see cref="DroppedThrough"/>, read before the pass) or the index leads to it.</summary>
    internal bool MayReach(in RecordId id, ReadOnlySpan<byte> record, Revision dropped)
    {
        var lineage = _description.LineageOf(id);
        return lineage >= 0 && (id.Revision > dropped || Index.Contains(StoredRecord.Parse(record, id).Key, id.Revision, id.Sub, lineage, dropped));
    }

    /// <summary>The range was dropped or its store is closed: its snapshots end, and reclaim may take its records from under a reader.</summary>
    internal void End()
    {
        _hasEnded = true;
        _pins.EndAll();
    }

    /// <summary>Takes over a part of the keys after a split, when this range gets new bounds.</summary>
    internal void Replace(KeyIndex index, RangeDescription description)
    {
        _description = description;
        Volatile.Write(ref _index, index);
        _pins.EndAll();
    }

    private void Drop() => Drop(CompactRevision);

    private void Drop(Revision compacted)
    {
        _endedPinsSeen = _pins.Ended;
        var through = _pins.Limit(compacted, () => Volatile.Write(ref _compacted, compacted.Value));
        if (through <= DroppedThrough) return;
        _index.Drop(through);
        Volatile.Write(ref _dropped, through.Value);
    }

    private void Write(ReadOnlySpan<byte> key, in KeyPlace place, ReadOnlySpan<byte> value, in RecordId id, in KeyState state, RecordKind kind)
    {
        Invariant.That(id.Revision > Revision && id.Revision >= _written, "a write's revision is not yet published");
        Invariant.That(_description.Holds(key), "a write lies in its range");
        int length = StoredRecord.BytesOf(key.Length, value.Length);
        if (_buffer.Length < length) _buffer = new byte[Math.Max(length, _buffer.Length * 2)];
        var record = _buffer.AsSpan(0, length);
        StoredRecord.Write(record, id, state, kind, key, value);
        _records.Append(id, record);
        _index.Add(key, place, new VersionSlot
        {
            Modified = id.Revision.Value, Create = state.Create.Value, Version = state.Version, Lease = state.Lease, Sub = id.Sub,
            LengthAndFlag = (uint)value.Length | (kind == RecordKind.Tombstone ? 0x8000_0000 : 0),
        });
        _written = id.Revision;
    }

    // ---- any thread ----

    /// <summary>The newest published version (null revision) or the one at a revision.</summary>
    /// <exception cref="CompactedException">at &lt; CompactRevision.</exception>
    /// <exception cref="FutureRevisionException">at &gt; Revision.</exception>
    /// <exception cref="SnapshotEndedException">The range was dropped and its records are reclaimed.</exception>
    /// <exception cref="RecordDamagedException">The record is not what was written.</exception>
    public bool TryGet(ReadOnlySpan<byte> key, Revision? at, out KeyValue value)
    {
        while (TryFind(key, at, out var found))
        {
            if (_records.TryRead(found.Id, out byte[] record))
            {
                value = Read(record, found.Id, key);
                return true;
            }
            RequireReclaimed(key, found);
        }
        value = default;
        return false;
    }

    /// <summary>As <see cref="TryGet"/>, but no thread is held while the disk reads. Null: there is no such key.</summary>
    /// <inheritdoc cref="TryGet"/>
    public ValueTask<KeyValue?> GetAsync(ReadOnlyMemory<byte> key, Revision? at)
    {
        if (!TryFind(key.Span, at, out var found)) return default;
        var read = _records.ReadAsync(found.Id);
        if (!read.IsCompletedSuccessfully) return GetAsync(key, at, found, read);
        return read.Result is { } record ? new ValueTask<KeyValue?>(Read(record, found.Id, key.Span)) : GetAsync(key, at, found, default);
    }

    private async ValueTask<KeyValue?> GetAsync(ReadOnlyMemory<byte> key, Revision? at, Found found, ValueTask<byte[]?> read)
    {
        while (true)
        {
            if (await read.ConfigureAwait(false) is { } record) return Read(record, found.Id, key.Span);
            RequireReclaimed(key.Span, found);
            if (!TryFind(key.Span, at, out found)) return null;
            read = _records.ReadAsync(found.Id);
        }
    }

    /// <summary>A version that a reader saw, and the index that it saw it in.</summary>
    private readonly record struct Found(KeyIndex Index, RecordId Id, int Lineage, Revision At);

    private bool TryFind(ReadOnlySpan<byte> key, Revision? at, out Found found)
    {
        while (true)
        {
            var index = Index;
            var published = Revision;
            var revision = at ?? published;
            if (revision > published) throw new FutureRevisionException(revision, published);
            bool isFound = index.TryFind(key, revision, out var version);
            if (revision >= CompactRevision)
            {
                bool isThere = isFound && !version.IsTombstone;
                found = isThere ? new Found(index, IdOf(version), version.Lineage, revision) : default;
                return isThere;
            }
            if (at is not null) throw new CompactedException(revision, CompactRevision);
        }
    }

    /// <summary>A record that is not there has to have been reclaimed meanwhile: then the reader asks again.</summary>
    private void RequireReclaimed(ReadOnlySpan<byte> key, in Found found)
    {
        if (_hasEnded) throw new SnapshotEndedException(found.At);
        if (found.Index == Index && found.Index.Contains(key, found.Id.Revision, found.Id.Sub, found.Lineage, DroppedThrough)) throw Missing(found.Id);
    }

    /// <summary>The newest published values of many keys, each for itself. Those that are not in memory are read from the disk together, and no thread is held meanwhile.</summary>
    /// <param name="keys">At most 64 are best.</param>
    /// <param name="values">Null: the key does not exist. As long as <paramref name="keys"/>.</param>
    /// <param name="bytesMax">So many bytes of values are read, but for the last one.</param>
    /// <returns>How many of the keys were read: all, or as many as <paramref name="bytesMax"/> allowed, at least one.</returns>
    /// <exception cref="SnapshotEndedException">The range was dropped and its records are reclaimed.</exception>
    /// <exception cref="RecordDamagedException">A record is not what was written.</exception>
    public ValueTask<int> GetManyAsync(ReadOnlyMemory<ReadOnlyMemory<byte>> keys, Memory<KeyValue?> values, int bytesMax)
    {
        var (asked, found) = FindMany(keys.Span, values.Span, bytesMax);
        var read = _records.ReadManyAsync(found.Ids.AsMemory(0, found.Count), found.Records);
        if (!read.IsCompletedSuccessfully) return GetManyAsync(keys, values, asked, found, read);
        TakeMany(keys.Span, values.Span, found);
        return new ValueTask<int>(asked);
    }

    private async ValueTask<int> GetManyAsync(ReadOnlyMemory<ReadOnlyMemory<byte>> keys, Memory<KeyValue?> values, int asked, FoundRecords found, ValueTask read)
    {
        await read.ConfigureAwait(false);
        TakeMany(keys.Span, values.Span, found);
        return asked;
    }

    /// <param name="Ids">Of the keys that exist.</param>
    /// <param name="Places">Which keys these are.</param>
    /// <param name="Records">Their records, once they were read.</param>
    private readonly record struct FoundRecords(int Count, RecordId[] Ids, int[] Places, byte[]?[] Records);

    private (int Asked, FoundRecords Found) FindMany(ReadOnlySpan<ReadOnlyMemory<byte>> keys, Span<KeyValue?> values, int bytesMax)
    {
        var (ids, places) = (new RecordId[keys.Length], new int[keys.Length]);
        while (true)
        {
            var (index, published) = (Index, Revision);
            var (asked, found, bytes) = (0, 0, 0L);
            for (; asked < keys.Length && (asked == 0 || bytes < bytesMax); asked++)
            {
                values[asked] = null;
                if (!index.TryFind(keys[asked].Span, published, out var version) || version.IsTombstone) continue;
                ids[found] = IdOf(version);
                places[found++] = asked;
                bytes += version.ValueLength;
            }
            if (published >= CompactRevision) return (asked, new FoundRecords(found, ids, places, new byte[]?[found]));
        }
    }

    private void TakeMany(ReadOnlySpan<ReadOnlyMemory<byte>> keys, Span<KeyValue?> values, in FoundRecords found)
    {
        for (var i = 0; i < found.Count; i++)
        {
            var place = found.Places[i];
            var key = keys[place].Span;
            // Reclaimed meanwhile: there is a newer version, or the range has ended.
            values[place] = found.Records[i] is { } record ? Read(record, found.Ids[i], key) : TryGet(key, null, out var newer) ? newer : null;
        }
    }

    /// <summary>
    /// A consistent view, O(1) to take. It pins history against compaction until it is disposed, which its owner sees to within 60 s (DESIGN §5).
    /// </summary>
    /// <param name="at">The revision; null: the newest published.</param>
    /// <param name="history">What it keeps from being dropped.</param>
    /// <exception cref="CompactedException">at &lt; CompactRevision.</exception>
    /// <exception cref="FutureRevisionException">at &gt; Revision.</exception>
    public RangeSnapshot Snapshot(Revision? at = null, SnapshotHistory history = SnapshotHistory.None)
    {
        RangeDescription? description = null;
        KeyIndex? index = null;
        var pin = _pins.Take(() =>
        {
            index = Index;
            description = Description;
            var revision = at ?? description.Revision;
            if (revision > description.Revision) throw new FutureRevisionException(revision, description.Revision);
            if (revision < description.CompactRevision) throw new CompactedException(revision, description.CompactRevision);
            description = description with { Revision = revision };
            return history == SnapshotHistory.All ? description.CompactRevision : revision;
        });
        return new RangeSnapshot(_records, index!, description!, pin);
    }

    /// <summary>Reads all writes after a revision, in order, now and as they come. What lies behind its position stays until it is disposed, which its owner sees to within 60 s (DESIGN §5).</summary>
    /// <param name="after">The revision before the first that is wanted.</param>
    /// <exception cref="CompactedException">after &lt; CompactRevision.</exception>
    /// <exception cref="FutureRevisionException">after &gt; Revision.</exception>
    /// <exception cref="SnapshotEndedException">The range was dropped or its store is closed.</exception>
    public WriteCursor ReadWrites(Revision after)
    {
        RangeDescription? description = null;
        KeyIndex? index = null;
        var pin = _pins.Take(() =>
        {
            index = Index;
            description = Description;
            if (_hasEnded) throw new SnapshotEndedException(after);
            if (after > description.Revision) throw new FutureRevisionException(after, description.Revision);
            if (after < description.CompactRevision) throw new CompactedException(after, description.CompactRevision);
            return after;
        });
        return new WriteCursor(_records, index!, description!, pin, index!.JournalStart);
    }

    internal RecordId IdOf(in VersionSlot version) => new(_description.StayOf(version.Lineage), new Revision(version.Modified), version.Sub);

    internal static KeyValue Read(byte[] bytes, in RecordId id, ReadOnlySpan<byte> key)
    {
        var record = StoredRecord.Parse(bytes, id);
        if (!record.Key.SequenceEqual(key)) throw new RecordDamagedException($"record (stay {id.Stay.Value}, revision {id.Revision}, sub {id.Sub}) is of another key; the replica has to be seeded again");
        var memory = bytes.AsMemory(StoredRecord.HeaderBytes);
        return new KeyValue(memory[..key.Length], memory[key.Length..], record.Create, record.Modified, record.Version, record.Lease, record.IsTombstone);
    }

    internal static RecordDamagedException Missing(in RecordId id) =>
        new($"record (stay {id.Stay.Value}, revision {id.Revision}, sub {id.Sub}) is in the index but not in the store; the replica has to be seeded again");
}
