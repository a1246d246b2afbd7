using System.Collections.Concurrent;
using System.Globalization;
using System.Numerics;
using FASTER.core;
using KvStore.Raft;
using KvStore.Storage.FileSystem;
using Session = FASTER.core.ClientSession<KvStore.Storage.Engine.RecordId, FASTER.core.SpanByte, int, byte[]?, int, KvStore.Storage.Engine.FasterFunctions>;

namespace KvStore.Storage.Engine;

/// <summary>Records in FASTER's hybrid log under the four rules of DESIGN §5. Every id is written once; a checkpoint is an append.</summary>
internal sealed class FasterRecordStore : IRecordStore
{
    /// <summary>Entries of the hash table that share a bucket (a cache line) at best; more chain buckets, and reads slow down.</summary>
    private const int RecordsPerBucket = 4;
    /// <summary>
    /// A reclaim pass rests after so many records, which take about a tenth of a millisecond: whatever serves a write waits for no longer. On two processors the passes of three nodes had held up
    /// every change of threads, and writes fell to an eighth. A pass that the log outruns goes on without rest.
    /// </summary>
    internal const int ReclaimStretch = 512;
    private const string LogName = "hlog.log", SegmentPrefix = LogName + ".";
    private readonly IFileSystem _fileSystem;
    private readonly string _directory;
    private readonly FasterOptions _options;
    private readonly FasterDevice _device;
    private readonly FasterCheckpoints _checkpoints;
    private readonly FasterKV<RecordId, SpanByte> _store;
    /// <summary>Reading sessions that nobody uses at the moment.</summary>
    private readonly ConcurrentBag<Session> _readers = [];
    private readonly Lock _closing = new();
    /// <summary>Reading sessions that exist; guarded by <see cref="_closing"/>. The store is closed only when all are back in <see cref="_readers"/>: a read beyond that would touch freed memory.</summary>
    private int _readerCount;
    private readonly Session _writer;

    /// <summary>Set once, by whichever thread meets the failure; then nothing is written any more.</summary>
    private volatile Exception? _failure;
    /// <summary>Records appended since the store was opened and those found then; the apply thread's. What reclaim drops is not taken off: it only chooses the next size of the hash table.</summary>
    private long _recordCount;
    /// <summary>1 while a checkpoint runs.</summary>
    private int _checkpointing;
    /// <summary>Where the copies of the last reclaim pass end: the next pass has to cover them all, or a dead copy outlives its tombstone (rule 2).</summary>
    private long _copiesEnd;
    /// <summary>1 while a reclaim pass runs; <see cref="Dispose"/> waits for its end.</summary>
    private int _reclaiming;
    private volatile bool _disposed;

    private FasterRecordStore(IFileSystem fileSystem, string directory, FasterOptions options, PageWrites pages)
    {
        (_fileSystem, _directory, _options) = (fileSystem, directory, options);
        var manifest = FasterManifest.Read(fileSystem, directory);
        if (manifest is not null)
            RecoveredState = SealedFile.Read(fileSystem, directory, manifest.StateFile) ?? throw new StoreDamagedException($"{directory}/{manifest.StateFile}", "is missing");
        _device = new FasterDevice(fileSystem, $"{directory}/{LogName}", pages);
        _checkpoints = new FasterCheckpoints(fileSystem, Path.GetFullPath(directory), manifest);
        _store = new FasterKV<RecordId, SpanByte>(BucketsFor(manifest),
            new LogSettings
            {
                LogDevice = _device,
                MemorySizeBits = Math.Max(20, BitOperations.Log2((ulong)Math.Max(options.MemoryBytes, 2L * options.PageBytes))),
                PageSizeBits = BitOperations.Log2((uint)options.PageBytes),
                SegmentSizeBits = BitOperations.Log2((uint)options.SegmentBytes),
                // Nothing is written in place: what is filled is written out page by page, and a checkpoint finds little left. With half the memory written at once, by three nodes to one disk, the slowest hundredth of puts took 2.0 to 2.8 ms instead of 1.2 to 2.0.
                MutableFraction = 1.0 / 16,
            },
            new CheckpointSettings { CheckpointManager = _checkpoints, RemoveOutdated = false },
            comparer: new FasterFunctions.Comparer(), concurrencyControlMode: ConcurrencyControlMode.None);
        try
        {
            if (manifest is not null) Recover(manifest);
            _checkpoints.DeleteOutdated();
            DeleteReclaimedSegments();
            _copiesEnd = _store.Log.TailAddress;
            _writer = NewSession();
        }
        catch
        {
            CloseStore();
            throw;
        }
    }

    public static FasterRecordStore Open(IFileSystem fileSystem, string directory, FasterOptions options, PageWrites pages) => new(fileSystem, directory, options, pages);

    public byte[]? RecoveredState { get; }

    public long LogBytes => _store.Log.TailAddress - _store.Log.BeginAddress;

    /// <summary>Buckets of the hash table.</summary>
    internal long HashBuckets => _store.IndexSize;

    public void ScanRecovered(RecordScan onRecord)
    {
        // Up to the tail is safe only while nobody appends.
        using var records = _store.Log.Scan(_store.Log.BeginAddress, _store.Log.TailAddress);
        for (_recordCount = 0; records.GetNext(out _); _recordCount++) onRecord(in records.GetKey(), FasterFunctions.Bytes(ref records.GetValue()));
    }

    public unsafe void Append(in RecordId id, ReadOnlySpan<byte> record)
    {
        if (Failure is { } failure) throw new IOException($"{_directory}: the store has failed: {failure.Message}", failure);
        var key = id;
        fixed (byte* bytes = record)
        {
            var value = SpanByte.FromPointer(bytes, record.Length);
            if (_writer.Upsert(ref key, ref value).IsPending) _writer.CompletePending(wait: true);
        }

        _recordCount++;
    }

    public bool TryRead(in RecordId id, out byte[] record)
    {
        var session = TakeReader();
        try
        {
            return TryRead(session, id, out record);
        }
        finally
        {
            _readers.Add(session);
        }
    }

    public ValueTask<byte[]?> ReadAsync(RecordId id)
    {
        var session = TakeReader();
        var isPending = false;
        try
        {
            var (key, input) = (id, 0);
            byte[]? output = null;
            var status = session.Read(ref key, ref input, ref output);
            isPending = status.IsPending;
            if (isPending) return ReadFromDiskAsync(session, id);
            return new ValueTask<byte[]?>(status.Found || TryRead(session, id, out output) ? output : null);
        }
        finally
        {
            if (!isPending) _readers.Add(session);
        }
    }

    /// <summary>Ends the session's pending read, and gives the session back.</summary>
    private async ValueTask<byte[]?> ReadFromDiskAsync(Session session, RecordId id)
    {
        try
        {
            using var outputs = await session.CompletePendingWithOutputsAsync().ConfigureAwait(false);
            if (outputs.Next() && outputs.Current.Status.Found) return outputs.Current.Output;
            // Rule 3 again.
            return TryRead(session, id, out var record) ? record : null;
        }
        finally
        {
            _readers.Add(session);
        }
    }

    public void ReadMany(ReadOnlySpan<RecordId> ids, Span<byte[]?> records)
    {
        var session = TakeReader();
        try
        {
            if (BeginReads(session, ids, records))
            {
                session.CompletePendingWithOutputs(out var outputs, wait: true);
                Take(outputs, records);
            }

            ReadMissing(session, ids, records);
        }
        finally
        {
            _readers.Add(session);
        }
    }

    public ValueTask ReadManyAsync(ReadOnlyMemory<RecordId> ids, Memory<byte[]?> records)
    {
        var session = TakeReader();
        var isPending = false;
        try
        {
            isPending = BeginReads(session, ids.Span, records.Span);
            if (isPending) return ReadManyFromDiskAsync(session, ids, records);
            ReadMissing(session, ids.Span, records.Span);
            return default;
        }
        finally
        {
            if (!isPending) _readers.Add(session);
        }
    }

    private async ValueTask ReadManyFromDiskAsync(Session session, ReadOnlyMemory<RecordId> ids, Memory<byte[]?> records)
    {
        try
        {
            Take(await session.CompletePendingWithOutputsAsync().ConfigureAwait(false), records.Span);
            ReadMissing(session, ids.Span, records.Span);
        }
        finally
        {
            _readers.Add(session);
        }
    }

    /// <returns>Whether the disk has to be waited for.</returns>
    private static bool BeginReads(Session session, ReadOnlySpan<RecordId> ids, Span<byte[]?> records)
    {
        var pending = false;
        var input = 0;
        for (var i = 0; i < ids.Length; i++)
        {
            var key = ids[i];
            records[i] = null;
            pending |= session.Read(ref key, ref input, ref records[i], userContext: i).IsPending;
        }

        return pending;
    }

    private static void Take(CompletedOutputIterator<RecordId, SpanByte, int, byte[]?, int> outputs, Span<byte[]?> records)
    {
        while (outputs.Next())
            if (outputs.Current.Status.Found) records[outputs.Current.Context] = outputs.Current.Output;
        outputs.Dispose();
    }

    /// <summary>What reclaim moved while the read was under way is found by asking again (rule 3).</summary>
    private void ReadMissing(Session session, ReadOnlySpan<RecordId> ids, Span<byte[]?> records)
    {
        for (var i = 0; i < ids.Length; i++)
            if (records[i] is null && TryRead(session, ids[i], out var found)) records[i] = found;
    }

    public bool BeginCheckpoint(ReadOnlyMemory<byte> state, Action<Exception?> completed)
    {
        if (Failure is { } failed)
        {
            completed(failed);
            return true;
        }

        if (Interlocked.CompareExchange(ref _checkpointing, 1, 0) != 0) return false;
        var needed = _options.ReserveBytes + state.Length + (_store.Log.TailAddress - _store.Log.SafeReadOnlyAddress);
        if (_fileSystem.AvailableBytes(_directory) < needed)
        {
            // Not fatal: nothing was begun. The caller keeps its log and tries again later.
            Volatile.Write(ref _checkpointing, 0);
            completed(new DiskFullException($"{_directory}: less than {needed} bytes are free; no checkpoint is begun"));
            return true;
        }

        _checkpoints.State = state;
        (_checkpoints.HashBuckets, _checkpoints.Records) = (HashBuckets, _recordCount);
        Invariant.That(_store.TryInitiateHybridLogCheckpoint(out _, CheckpointType.FoldOver), "one checkpoint at a time");
        // The cut is here: the writer passes it before it appends again.
        while (_store.SystemState.Phase is Phase.PREPARE) _writer.Refresh();
        _ = FinishCheckpointAsync(completed);
        return true;
    }

    public bool Reclaim(IsLive isLive)
    {
        Invariant.That(Interlocked.Exchange(ref _reclaiming, 1) == 0, "one reclaim pass at a time");
        try
        {
            return !_disposed && Failure is null && ReclaimUntil(_store.Log.SafeReadOnlyAddress, isLive);
        }
        finally
        {
            Volatile.Write(ref _reclaiming, 0);
        }
    }

    public void Dispose()
    {
        lock (_closing)
        {
            if (_disposed) return;
            _disposed = true;
        }

        SpinWait.SpinUntil(() => Volatile.Read(ref _checkpointing) == 0, _options.CheckpointTimeout);
        SpinWait.SpinUntil(() => Interlocked.CompareExchange(ref _reclaiming, 0, 0) == 0);
        End(_writer);
        for (var left = _readerCount; left > 0; left--)
        {
            Session? session = null;
            SpinWait.SpinUntil(() => _readers.TryTake(out session));
            End(session!);
        }

        CloseStore();
    }

    private void End(Session session)
    {
        try
        {
            session.Dispose();
        }
        catch (IOException) when (Failure is not null)
        {
            // Its last step may be one of the checkpoint that was given up, whose failure its owner knows.
        }
    }

    private Exception? Failure => _failure ?? _device.Failure;

    private bool ReclaimUntil(long until, IsLive isLive)
    {
        if (until < Volatile.Read(ref _copiesEnd)) return false;
        // The copies take at most half of the log (GroupStore.NeedsReclaim); FASTER waits for ever on a full disk.
        if (_fileSystem.AvailableBytes(_directory) < _options.ReserveBytes + LogBytes / 2) return false;
        try
        {
            using var session = NewSession();
            var (records, growthMax) = (0, LogBytes + LogBytes / 2);
            session.Compact(until, CompactionType.Lookup, new FasterFunctions.Liveness((in RecordId id, ReadOnlySpan<byte> record) =>
            {
                if (++records % ReclaimStretch == 0 && LogBytes < growthMax) _options.Rest();
                ObjectDisposedException.ThrowIf(_disposed, this);
                return isLive(id, record);
            }));
            return true;
        }
        catch (ObjectDisposedException) when (_disposed)
        {
            return false;
        }
        finally
        {
            // A pass that was ended early has left copies, too.
            Volatile.Write(ref _copiesEnd, _store.Log.TailAddress);
        }
    }

    private void Recover(FasterManifest manifest)
    {
        // FASTER believes what its metadata says, whatever it is.
        if (_checkpoints.MetadataChecksum(manifest.Log) != manifest.MetadataChecksum)
            throw new StoreDamagedException(_checkpoints.MetadataPath(manifest.Log), "is not what MANIFEST was written for");
        try
        {
            // Without the index of a checkpoint: the hash table is filled from the log, in the size that suits what the log holds now.
            _store.Recover(Guid.Empty, manifest.Log);
        }
        catch (Exception e)
        {
            // FASTER has no exception of its own for damage: whatever stops it here means that the files are not what was written.
            throw new StoreDamagedException($"{_directory}/cpr-checkpoints/{manifest.Log}", $"cannot be recovered: {e.Message}");
        }
    }

    /// <summary>FASTER deletes them when the begin address moves; a crash between that and the deletion leaves them for ever.</summary>
    private void DeleteReclaimedSegments()
    {
        foreach (var name in _fileSystem.List(_directory))
        {
            if (!name.StartsWith(SegmentPrefix, StringComparison.Ordinal) || !long.TryParse(name.AsSpan(SegmentPrefix.Length), NumberStyles.None, CultureInfo.InvariantCulture, out var number)) continue;
            if ((number + 1) * _options.SegmentBytes <= _store.Log.BeginAddress) _fileSystem.DeleteFile($"{_directory}/{name}");
        }
    }

    private async Task FinishCheckpointAsync(Action<Exception?> completed)
    {
        Exception? failure = null;
        try
        {
            // Waited for outside: FASTER takes a cancelled wait for a finished flush, and would commit what is not on the disk.
            await _store.CompleteCheckpointAsync(CancellationToken.None).AsTask().WaitAsync(_options.CheckpointTimeout, _device.Broken).ConfigureAwait(false);
        }
        catch (Exception e)
        {
            failure = _device.Failure ?? (e is TimeoutException ? new TimeoutException($"{_directory}: the checkpoint was not done after {_options.CheckpointTimeout}", e) : e);
            _failure = failure;
            _checkpoints.GiveUp();
        }

        Volatile.Write(ref _checkpointing, 0);
        completed(failure);
    }

    private bool TryRead(Session session, in RecordId id, out byte[] record)
    {
        while (true)
        {
            var begin = _store.Log.BeginAddress;
            var key = id;
            var input = 0;
            byte[]? output = null;
            var status = session.Read(ref key, ref input, ref output);
            if (status.IsPending)
            {
                session.CompletePendingWithOutputs(out var outputs, wait: true);
                while (outputs.Next())
                {
                    status = outputs.Current.Status;
                    output = outputs.Current.Output;
                }

                outputs.Dispose();
            }

            record = output ?? [];
            if (status.Found) return true;
            // Rule 3: reclaim moved the record while the read was under way.
            if (begin == _store.Log.BeginAddress) return false;
        }
    }

    /// <summary>
    /// Never fewer than the records were written with: each points to the one before it in the same bucket, so the chains of a table that was filled anew are whole only
    /// when its buckets are parts of the old ones.
    /// </summary>
    private long BucketsFor(FasterManifest? last) =>
        (long)BitOperations.RoundUpToPowerOf2((ulong)Math.Max(_options.HashBuckets, last is null ? 0 : Math.Max(last.HashBuckets, last.Records / RecordsPerBucket)));

    private Session TakeReader()
    {
        if (_readers.TryTake(out var session))
        {
            if (!_disposed) return session;
            _readers.Add(session);
        }

        lock (_closing)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            session = NewSession();
            _readerCount++;
            return session;
        }
    }

    private Session NewSession() => _store.For(new FasterFunctions()).NewSession<FasterFunctions>();

    private void CloseStore()
    {
        _device.StopWriting();
        _store.Dispose();
        _device.Dispose();
        _checkpoints.Dispose();
    }
}
