namespace KvStore.Storage.Engine;

/// <summary>
/// Write-once records by id: FASTER, or the in-memory twin of simulation. <see cref="Append"/> and <see cref="BeginCheckpoint"/> belong to the apply thread;
/// reads may come from any thread; one reclaim pass at a time on a background worker.
/// </summary>
public interface IRecordStore : IDisposable
{
    /// <summary>What the recovered checkpoint was given; null for a new store.</summary>
    byte[]? RecoveredState { get; }

    /// <summary>Gives every physical record in log order, dead ones and copies too. Called once, before the first append.</summary>
    void ScanRecovered(RecordScan onRecord);

    void Append(in RecordId id, ReadOnlySpan<byte> record);

    /// <summary>True and the record's bytes (a copy) when it is in memory or was found; false when reclaim has dropped it. May wait for the disk.</summary>
    bool TryRead(in RecordId id, out byte[] record);

    /// <summary>As <see cref="TryRead"/>, but no thread is held while the disk reads. Null: reclaim has dropped it.</summary>
    ValueTask<byte[]?> ReadAsync(RecordId id);

    /// <summary>Many records together; a missing one is null. 64 at a time is best.</summary>
    void ReadMany(ReadOnlySpan<RecordId> ids, Span<byte[]?> records);

    /// <summary>As <see cref="ReadMany"/>, but no thread is held while the disk reads.</summary>
    ValueTask ReadManyAsync(ReadOnlyMemory<RecordId> ids, Memory<byte[]?> records);

    /// <summary>
    /// Cuts here; <paramref name="state"/> is stored with the cut. <paramref name="completed"/> is called once, from any thread, with null when the checkpoint was
    /// made durable and read back, else with the failure, after which the store takes no more writes; a <see cref="FileSystem.DiskFullException"/> alone is none of these: the store
    /// goes on with its last checkpoint, and another one may be tried. False: one is running already.
    /// </summary>
    bool BeginCheckpoint(ReadOnlyMemory<byte> state, Action<Exception?> completed);

    /// <summary>Copies what is live forward and shifts the begin address; its space is given back by the next checkpoint. False: nothing was given back
    /// (a checkpoint has to come first, the disk has no room for the copies, or the store is being closed). To abort, throw from <paramref name="isLive"/>.</summary>
    bool Reclaim(IsLive isLive);

    /// <summary>Bytes of the log between its begin and its tail.</summary>
    long LogBytes { get; }
}

/// <summary>Whether a record is still reachable: by the index, or newer than its stay's compaction revision.</summary>
public delegate bool IsLive(in RecordId id, ReadOnlySpan<byte> record);

public delegate void RecordScan(in RecordId id, ReadOnlySpan<byte> record);

/// <summary>Opens a group's record store. Kept apart so that simulation can put its twin in.</summary>
public interface IRecordStoreFactory
{
    /// <summary>Opens what the directory's MANIFEST names, or an empty store when there is none.</summary>
    /// <exception cref="StoreDamagedException">A file is missing or damaged.</exception>
    IRecordStore Open(string directory);
}
