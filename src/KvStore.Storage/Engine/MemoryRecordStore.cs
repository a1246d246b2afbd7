using System.Buffers;
using System.Buffers.Binary;
using System.Globalization;
using KvStore.Raft;
using KvStore.Storage.FileSystem;

namespace KvStore.Storage.Engine;

/// <summary>
/// Records in memory; a checkpoint appends what came since the last one to the file DATA-n and seals n, length and checksum together with the state in MANIFEST.
/// Bytes beyond that length are of an unfinished checkpoint and are cut off. After reclaim a checkpoint begins DATA-(n+1), and the old one is deleted behind it.
/// </summary>
internal sealed class MemoryRecordStore : IRecordStore
{
    private const string DataPrefix = "DATA-", ManifestFile = "MANIFEST";
    private const int RecordHeaderBytes = 24, ManifestHeaderBytes = 20;
    private readonly IFileSystem _fileSystem;
    private readonly string _directory;
    /// <summary>Guards the records, and keeps a checkpoint and a reclaim pass apart.</summary>
    private readonly Lock _lock = new();
    /// <summary>In log order.</summary>
    private RecordTable _records = new();
    /// <summary>How many of <see cref="_records"/> are in DATA; -1 when DATA has to be written anew because reclaim took records out.</summary>
    private int _stored;
    private ulong _generation;
    private long _dataBytes;
    private uint _dataChecksum;
    private long _logBytes;
    private Exception? _failure;
    private bool _disposed;

    public MemoryRecordStore(IFileSystem fileSystem, string directory)
    {
        (_fileSystem, _directory) = (fileSystem, directory);
        fileSystem.CreateDirectory(directory);
        if (SealedFile.Read(fileSystem, directory, ManifestFile) is { } manifest) Load(manifest);
        DeleteOutdated();
    }

    public byte[]? RecoveredState { get; private set; }

    public long LogBytes => Interlocked.Read(ref _logBytes);

    public void ScanRecovered(RecordScan onRecord)
    {
        for (var i = 0; i < _records.Count; i++) onRecord(_records.IdAt(i), _records.RecordAt(i));
    }

    public void Append(in RecordId id, ReadOnlySpan<byte> record)
    {
        if (_failure is not null) throw new IOException($"{_directory}: the store has failed: {_failure.Message}", _failure);
        lock (_lock)
        {
            if (_records.Find(id) is { } known)
            {
                Invariant.That(known.AsSpan().SequenceEqual(record), "a record is written once");
                return;
            }
            _records.Add(id, record.ToArray());
        }
        Interlocked.Add(ref _logBytes, RecordHeaderBytes + record.Length);
    }

    public bool TryRead(in RecordId id, out byte[] record)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        byte[]? found;
        lock (_lock) found = _records.Find(id);
        record = found ?? [];
        return found is not null;
    }

    public ValueTask<byte[]?> ReadAsync(RecordId id) => new(TryRead(id, out var record) ? record : null);

    public void ReadMany(ReadOnlySpan<RecordId> ids, Span<byte[]?> records)
    {
        for (var i = 0; i < ids.Length; i++) records[i] = TryRead(ids[i], out var record) ? record : null;
    }

    public ValueTask ReadManyAsync(ReadOnlyMemory<RecordId> ids, Memory<byte[]?> records)
    {
        ReadMany(ids.Span, records.Span);
        return default;
    }

    public bool BeginCheckpoint(ReadOnlyMemory<byte> state, Action<Exception?> completed)
    {
        Exception? failure = _failure;
        if (failure is null)
        {
            try
            {
                lock (_lock) Store(state.Span);
            }
            catch (DiskFullException full)
            {
                // Not fatal: the old checkpoint is whole, the next one begins where it ended.
                failure = full;
            }
            catch (IOException e)
            {
                failure = _failure = e;
            }
        }

        completed(failure);
        return true;
    }

    public bool Reclaim(IsLive isLive)
    {
        lock (_lock)
        {
            var live = new RecordTable();
            var deadBytes = 0L;
            for (var i = 0; i < _records.Count; i++)
            {
                var (id, record) = (_records.IdAt(i), _records.RecordAt(i));
                if (isLive(id, record)) live.Add(id, record);
                else deadBytes += RecordHeaderBytes + record.Length;
            }

            if (live.Count == _records.Count) return true;
            _records = live;
            Interlocked.Add(ref _logBytes, -deadBytes);
            _stored = -1;
        }

        return true;
    }

    public void Dispose() => _disposed = true;

    private void Store(ReadOnlySpan<byte> state)
    {
        // What the manifest names is never touched but behind its end: the old pair stays whole until the new manifest is there.
        var isAnew = _stored < 0;
        var (generation, from, bytes, checksum) = isAnew ? (_generation + 1, 0, 0L, 0u) : (_generation, _stored, _dataBytes, _dataChecksum);
        var length = BytesFrom(from);
        // Used again: the garbage collector takes its time over arrays of that size.
        var buffer = ArrayPool<byte>.Shared.Rent(length);
        try
        {
            var content = buffer.AsSpan(0, length);
            CopyFrom(from, content);
            using (var file = _fileSystem.Open(PathOf(generation), FileOpen.OpenOrCreate))
            {
                file.Truncate(bytes);
                file.WriteAt(content, bytes);
                file.Sync();
            }

            _fileSystem.SyncDirectory(_directory);
            (bytes, checksum) = (bytes + length, Crc32C.Append(checksum, content));
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }

        WriteManifest(generation, bytes, checksum, state);
        (_generation, _stored, _dataBytes, _dataChecksum) = (generation, _records.Count, bytes, checksum);
        if (isAnew) DeleteOutdated();
    }

    private int BytesFrom(int from)
    {
        var bytes = 0;
        for (var i = from; i < _records.Count; i++) bytes = checked(bytes + RecordHeaderBytes + _records.RecordAt(i).Length);
        return bytes;
    }

    private void CopyFrom(int from, Span<byte> into)
    {
        for (var i = from; i < _records.Count; i++)
        {
            var (id, record) = (_records.IdAt(i), _records.RecordAt(i));
            BinaryPrimitives.WriteUInt64LittleEndian(into, id.Stay.Value);
            BinaryPrimitives.WriteUInt64LittleEndian(into[8..], id.Revision.Value);
            BinaryPrimitives.WriteUInt32LittleEndian(into[16..], id.Sub);
            BinaryPrimitives.WriteInt32LittleEndian(into[20..], record.Length);
            record.CopyTo(into[RecordHeaderBytes..]);
            into = into[(RecordHeaderBytes + record.Length)..];
        }
    }

    private string PathOf(ulong generation) => string.Create(CultureInfo.InvariantCulture, $"{_directory}/{DataPrefix}{generation}");

    private void DeleteOutdated()
    {
        foreach (var name in _fileSystem.List(_directory))
            if (name.StartsWith(DataPrefix, StringComparison.Ordinal) && $"{_directory}/{name}" != PathOf(_generation)) _fileSystem.DeleteFile($"{_directory}/{name}");
    }

    private void WriteManifest(ulong generation, long bytes, uint checksum, ReadOnlySpan<byte> state)
    {
        var manifest = new byte[ManifestHeaderBytes + state.Length];
        BinaryPrimitives.WriteInt64LittleEndian(manifest, bytes);
        BinaryPrimitives.WriteUInt64LittleEndian(manifest.AsSpan(8), generation);
        BinaryPrimitives.WriteUInt32LittleEndian(manifest.AsSpan(16), checksum);
        state.CopyTo(manifest.AsSpan(ManifestHeaderBytes));
        SealedFile.Write(_fileSystem, _directory, ManifestFile, manifest);
    }

    private void Load(byte[] manifest)
    {
        _dataBytes = BinaryPrimitives.ReadInt64LittleEndian(manifest);
        _generation = BinaryPrimitives.ReadUInt64LittleEndian(manifest.AsSpan(8));
        _dataChecksum = BinaryPrimitives.ReadUInt32LittleEndian(manifest.AsSpan(16));
        RecoveredState = manifest[ManifestHeaderBytes..];
        var path = PathOf(_generation);
        if (!_fileSystem.FileExists(path)) throw new StoreDamagedException(path, "is missing");
        var buffer = ArrayPool<byte>.Shared.Rent(checked((int)_dataBytes));
        try
        {
            var data = buffer.AsSpan(0, (int)_dataBytes);
            using (var file = _fileSystem.Open(path, FileOpen.ReadOnly))
                if (file.ReadAt(data, 0) != data.Length) throw new StoreDamagedException(path, $"is shorter than {data.Length} bytes");
            if (Crc32C.Of(data) != _dataChecksum) throw new StoreDamagedException(path, "checksum does not match");
            Load(data);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }

        _stored = _records.Count;
    }

    private void Load(ReadOnlySpan<byte> data)
    {
        while (!data.IsEmpty)
        {
            var id = new RecordId(new Stay(BinaryPrimitives.ReadUInt64LittleEndian(data)), new Revision(BinaryPrimitives.ReadUInt64LittleEndian(data[8..])), BinaryPrimitives.ReadUInt32LittleEndian(data[16..]));
            var length = BinaryPrimitives.ReadInt32LittleEndian(data[20..]);
            _records.Add(id, data.Slice(RecordHeaderBytes, length).ToArray());
            _logBytes += RecordHeaderBytes + length;
            data = data[(RecordHeaderBytes + length)..];
        }
    }
}
