namespace KvStore.Storage.Engine;

/// <summary>
/// The multi-version data of one stay. Writes, Publish, Compact belong to the group's apply thread; reads may come from any thread, are lock-free against it and see
/// only published revisions.
/// </summary>
public sealed class RangeStore
{
    public Stay Stay => throw new NotImplementedException();
    /// <summary>The newest published revision.</summary>
    public Revision Revision => throw new NotImplementedException();
    /// <summary>History below this is gone.</summary>
    public Revision CompactRevision => throw new NotImplementedException();
    public long Keys => throw new NotImplementedException();
    /// <summary>Live bytes of keys and values (newest versions).</summary>
    public long Bytes => throw new NotImplementedException();

    // ---- apply thread ----

    /// <summary>The newest state of a key, including writes of this apply that are not yet published.</summary>
    public bool TryGetNewest(ReadOnlySpan<byte> key, out KeyState state) => throw new NotImplementedException();
    /// <summary>The newest value, for compares inside apply. May wait for the disk.</summary>
    public bool TryReadNewest(ReadOnlySpan<byte> key, out KeyValue value) => throw new NotImplementedException();
    /// <summary>Writes one record at <paramref name="revision"/> (greater than Revision); create revision and version follow from the key's newest state. Returns them.</summary>
    public KeyState Put(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value, Revision revision, uint sub, ulong lease) => throw new NotImplementedException();
    /// <summary>Writes a tombstone. False, and nothing written, when the key does not exist.</summary>
    public bool Delete(ReadOnlySpan<byte> key, Revision revision, uint sub) => throw new NotImplementedException();
    /// <summary>Restores a record with its own revisions (snapshot install, staging), in order of (revision, sub).</summary>
    public void Restore(in RecordId id, ReadOnlySpan<byte> record) => throw new NotImplementedException();
    /// <summary>Makes everything up to <paramref name="revision"/> visible to readers at once.</summary>
    public void Publish(Revision revision) => throw new NotImplementedException();
    /// <summary>Drops history that was superseded at or before <paramref name="revision"/> from the index.</summary>
    public void Compact(Revision revision) => throw new NotImplementedException();

    // ---- any thread ----

    /// <summary>The newest published version (null revision) or the one at a revision.</summary>
    /// <exception cref="CompactedException">at &lt; CompactRevision.</exception>
    public bool TryGet(ReadOnlySpan<byte> key, Revision? at, out KeyValue value) => throw new NotImplementedException();

    /// <summary>A consistent view, O(1) to take; dispose it soon, it pins history against compaction (at most 60 s).</summary>
    public RangeSnapshot Snapshot(Revision? at = null) => throw new NotImplementedException();
}

/// <summary>A pinned consistent view of a range at one revision.</summary>
public sealed class RangeSnapshot : IDisposable
{
    public Revision Revision => throw new NotImplementedException();
    /// <summary>Live keys in [start, end) in order (an empty end: to the end of the range).</summary>
    public IEnumerable<KeyValue> Scan(ReadOnlyMemory<byte> start, ReadOnlyMemory<byte> end, ScanOrder order = ScanOrder.Ascending, ScanContent content = ScanContent.KeysAndValues) => throw new NotImplementedException();
    public long Count(ReadOnlySpan<byte> start, ReadOnlySpan<byte> end) => throw new NotImplementedException();
    /// <summary>Every record that the index holds, in (revision, sub) order, tombstones included: for RaftSnapshot.</summary>
    public IEnumerable<(RecordId Id, byte[] Record)> Records(Revision from) => throw new NotImplementedException();
    public void Dispose() => throw new NotImplementedException();
}

public enum ScanOrder { Ascending, Descending }
public enum ScanContent { KeysAndValues, KeysOnly }

/// <summary>The asked revision is older than the range's compaction revision.</summary>
public sealed class CompactedException(Revision asked, Revision compacted) : Exception($"revision {asked} has been compacted; the oldest available is {compacted}")
{
    public Revision Asked { get; } = asked;
    public Revision Compacted { get; } = compacted;
}

/// <summary>A stored record failed its checksum: the replica must stop and be re-seeded.</summary>
public sealed class RecordDamagedException(string message) : IOException(message);
