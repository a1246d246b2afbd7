using KvStore.Raft;
using KvStore.Storage.Engine.Index;
using KvStore.Storage.FileSystem;
using Microsoft.Extensions.Logging;

namespace KvStore.Storage.Engine;

/// <summary>All stored data of one group replica: a record store and one <see cref="RangeStore"/> a stay (DESIGN §5).</summary>
public sealed class GroupStore : IDisposable
{
    /// <summary>A pass copies what is live; below this size it is not worth its while.</summary>
    private const long ReclaimBytesMin = 4 << 20;

    private readonly IRecordStore _records;
    private readonly ILogger _logger;
    /// <summary>Replaced whole by the apply thread; read by any thread.</summary>
    private volatile SortedDictionary<Stay, RangeStore> _ranges;

    private GroupStore(IRecordStore records, SortedDictionary<Stay, RangeStore> ranges, ReadOnlyMemory<byte>? state, ILogger logger) =>
        (_records, _ranges, RecoveredState, _logger) = (records, ranges, state, logger);

    /// <summary>Opens what the directory's CURRENT names, or creates an empty store. The index is rebuilt by one scan.</summary>
    /// <exception cref="IOException">Damage: names file and remedy; only this replica stops.</exception>
    public static GroupStore Open(IFileSystem fileSystem, string directory, IRecordStoreFactory factory, ILogger logger)
    {
        fileSystem.CreateDirectory(directory);
        // What is read here must stay: a process before this one may have renamed CURRENT or MANIFEST into place and failed to sync the directory.
        fileSystem.SyncDirectory(directory);
        var current = CurrentStore.Read(fileSystem, directory);
        if (fileSystem.DirectoryExists($"{directory}/{current}")) fileSystem.SyncDirectory($"{directory}/{current}");
        CurrentStore.DeleteOthers(fileSystem, directory, current);
        return OpenAt($"{directory}/{current}", fileSystem, factory, logger);
    }

    /// <summary>The state that was stored with the last checkpoint (the node's own bytes); null for a new store.</summary>
    public ReadOnlyMemory<byte>? RecoveredState { get; }

    /// <summary>The stays that the store holds, in order.</summary>
    public IReadOnlyCollection<RangeStore> Ranges => _ranges.Values;

    /// <summary>A new, empty range.</summary>
    public RangeStore CreateRange(Stay stay) => CreateRange(RangeDescription.New(stay));

    /// <summary>A range as a RaftSnapshot describes it, to be filled by <see cref="RangeStore.Restore"/>; its revision is published when all is there.</summary>
    public RangeStore CreateRange(RangeDescription description)
    {
        Invariant.That(!_ranges.ContainsKey(description.Stay), "a stay is never reused");
        var range = new RangeStore(_records, description with { Revision = Revision.Zero }, new KeyIndex(new IndexTables()));
        _ranges = new SortedDictionary<Stay, RangeStore>(_ranges) { { description.Stay, range } };
        return range;
    }

    public RangeStore? FindRange(Stay stay) => _ranges.GetValueOrDefault(stay);

    /// <summary>Its snapshots end; its records become garbage.</summary>
    public void DropRange(Stay stay)
    {
        if (FindRange(stay) is not { } range) return;
        var ranges = new SortedDictionary<Stay, RangeStore>(_ranges);
        ranges.Remove(stay);
        _ranges = ranges;
        range.End();
    }

    /// <summary>Apply thread: cuts here. See <see cref="IRecordStore.BeginCheckpoint"/>.</summary>
    public bool BeginCheckpoint(ReadOnlyMemory<byte> state, Action<Exception?> completed)
    {
        foreach (var range in _ranges.Values) Invariant.That(range.Written == range.Revision, "a checkpoint is cut between entries, when all that was written is published");
        return _records.BeginCheckpoint(new GroupStoreState([.. _ranges.Values.Select(r => new StoredRange(r.Description, r.Keys, r.Bytes))], state).Encode(), completed);
    }

    /// <summary>Whether garbage has made the log at least twice as large as what is live.</summary>
    public bool NeedsReclaim
    {
        get
        {
            var live = _ranges.Values.Sum(r => r.Index.RecordBytes);
            return _records.LogBytes >= ReclaimBytesMin && _records.LogBytes >= 2 * (live + LogOverhead(live));
        }
    }

    /// <summary>One pass, on a background worker. False: nothing was given back; the next checkpoint brings another chance (<see cref="IRecordStore.Reclaim"/>).</summary>
    public bool Reclaim()
    {
        // Each stay's compaction revision is read once, before the pass: what a later compaction drops stays live for this pass, and no copy of a dead record outlives its tombstone.
        var ranges = _ranges;
        var owners = ranges.Values.Select(range => (Range: range, Dropped: range.DroppedThrough)).ToArray();
        var before = _records.LogBytes;
        try
        {
            var done = _records.Reclaim((in RecordId id, ReadOnlySpan<byte> record) =>
            {
                // A stay's records may belong to several ranges: its own and those that were split off it.
                foreach (var (range, dropped) in owners)
                    if (range.MayReach(id, record, dropped)) return true;
                // A range that came since may hold it; nothing was shifted yet, so the pass is given up.
                return ReferenceEquals(ranges, _ranges) ? false : throw new RangesChangedException();
            });
            if (done) StoreLog.Reclaimed(_logger, before, _records.LogBytes);
            return done;
        }
        catch (RangesChangedException)
        {
            return false;
        }
    }

    /// <summary>Starts an empty store in a new directory beside the current one, to be filled by a RaftSnapshot; <see cref="SnapshotInstall.Commit"/> switches CURRENT to it.</summary>
    public static SnapshotInstall BeginInstall(IFileSystem fileSystem, string directory, IRecordStoreFactory factory, ILogger logger)
    {
        fileSystem.CreateDirectory(directory);
        var name = CurrentStore.NameOfNext(fileSystem, directory);
        return new SnapshotInstall(fileSystem, directory, name, OpenAt($"{directory}/{name}", fileSystem, factory, logger));
    }

    public void Dispose()
    {
        foreach (var range in _ranges.Values) range.End();
        _records.Dispose();
    }

    // Records take a header and padding in the log beside their own bytes.
    private static long LogOverhead(long live) => live / 4;

    private static GroupStore OpenAt(string directory, IFileSystem fileSystem, IRecordStoreFactory factory, ILogger logger)
    {
        fileSystem.CreateDirectory(directory);
        var records = factory.Open(directory);
        try
        {
            var state = records.RecoveredState is { } bytes ? GroupStoreState.Decode(bytes) : null;
            return new GroupStore(records, Rebuild(directory, records, state?.Ranges ?? []), state?.NodeState, logger);
        }
        catch
        {
            records.Dispose();
            throw;
        }
    }

    private static SortedDictionary<Stay, RangeStore> Rebuild(string directory, IRecordStore records, IReadOnlyList<StoredRange> stored)
    {
        var indexes = stored.Select(s => (s.Description, Recovery: new IndexRecovery(s.Description.CompactRevision))).ToList();
        records.ScanRecovered((in RecordId id, ReadOnlySpan<byte> bytes) =>
        {
            var record = StoredRecord.Parse(bytes, id);
            foreach (var (description, recovery) in indexes)
            {
                var lineage = description.LineageOf(id);
                // A record past the description's revision was written after the cut; the Raft log writes it again.
                if (lineage < 0 || id.Revision > description.Revision || !description.Holds(record.Key)) continue;
                recovery.Add(record.Key, VersionSlot.Of(record, lineage));
            }
        });
        var ranges = new SortedDictionary<Stay, RangeStore>();
        foreach (var (description, recovery) in indexes) ranges.Add(description.Stay, new RangeStore(records, description, recovery.Finish()));
        foreach (var (description, keys, bytes) in stored)
        {
            // A hole in the log is skipped in silence by FASTER's scan.
            var range = ranges[description.Stay];
            if (range.Keys != keys || range.Bytes != bytes)
                throw new StoreDamagedException(directory, $"holds {range.Keys} keys with {range.Bytes} bytes of stay {description.Stay.Value} instead of {keys} with {bytes}");
        }

        return ranges;
    }

    private sealed class RangesChangedException : Exception;
}
