using FASTER.core;
using KvStore.Storage.FileSystem;

namespace KvStore.Storage.Engine;

/// <summary>
/// FASTER deletes log files right after <see cref="CommitLogCheckpoint"/> returns, so what recovery needs has to be durable before that: the state file and the MANIFEST
/// are written inside it (rule 1 of DESIGN §5), after the checkpoint's own directories were synced.
/// </summary>
internal sealed class FasterCheckpoints(IFileSystem fileSystem, string directory, FasterManifest? current)
    : DeviceLogCommitCheckpointManager(new LocalStorageNamedDeviceFactory(), new DefaultCheckpointNamingScheme(directory), removeOutdated: false)
{
    private const string LogFolder = "cpr-checkpoints";
    private const int Idle = 0, Committing = 1, GivenUp = 2;

    private int _commit;

    /// <summary>What the next checkpoint stores. Set by the apply thread while none is running.</summary>
    public ReadOnlyMemory<byte> State { get; set; }

    /// <summary>Buckets of the hash table that the records were written with.</summary>
    public long HashBuckets { get; set; }

    /// <summary>How many records the next checkpoint holds, about. Set by the apply thread while none is running.</summary>
    public long Records { get; set; }

    public FasterManifest? Current { get; private set; } = current;

    /// <summary>The running checkpoint has failed: unless its commit is under way already, it comes to nothing, also if it turns out that it was only slow.</summary>
    public void GiveUp() => Interlocked.CompareExchange(ref _commit, GivenUp, Idle);

    public override void CommitLogCheckpoint(Guid logToken, byte[] commitMetadata)
    {
        // FASTER would delete log files if this returned.
        if (Interlocked.CompareExchange(ref _commit, Committing, Idle) != Idle) throw new IOException($"{directory}: checkpoint {logToken} was given up");
        Commit(logToken, commitMetadata);
        Volatile.Write(ref _commit, Idle);
    }

    private void Commit(Guid logToken, byte[] commitMetadata)
    {
        base.CommitLogCheckpoint(logToken, commitMetadata);
        if (!GetLogCheckpointMetadata(logToken, null, false, -1).AsSpan(0, commitMetadata.Length).SequenceEqual(commitMetadata))
            throw new IOException($"{directory}: the metadata of checkpoint {logToken} does not read back");
        foreach (var folder in (string[])[$"{LogFolder}/{logToken}", LogFolder]) fileSystem.SyncDirectory($"{directory}/{folder}");
        SealedFile.Write(fileSystem, directory, FasterManifest.StateFileOf(logToken), State.Span);
        var manifest = new FasterManifest(logToken, HashBuckets, Records, MetadataChecksum(logToken));
        manifest.Write(fileSystem, directory);
        VerifyRead(manifest);
        Current = manifest;
        DeleteOutdated();
    }

    public string MetadataPath(Guid log) => $"{directory}/{LogFolder}/{log}/info.dat.0";

    /// <summary>CRC-32C of the metadata file; 0 when it is missing.</summary>
    public uint MetadataChecksum(Guid log)
    {
        if (!fileSystem.FileExists(MetadataPath(log))) return 0;
        using var file = fileSystem.Open(MetadataPath(log), FileOpen.ReadOnly);
        var bytes = new byte[file.Length];
        return file.ReadAt(bytes, 0) == bytes.Length ? Crc32C.Of(bytes) : 0;
    }

    // Only what reads back lets the Raft log be cut.
    private void VerifyRead(FasterManifest manifest)
    {
        if (FasterManifest.Read(fileSystem, directory) != manifest) throw new IOException($"{directory}/{FasterManifest.FileName} does not read back");
        if (!SealedFile.Read(fileSystem, directory, manifest.StateFile).AsSpan().SequenceEqual(State.Span)) throw new IOException($"{directory}/{manifest.StateFile} does not read back");
    }

    /// <summary>Deletes the checkpoints and state files that the manifest does not name.</summary>
    public void DeleteOutdated()
    {
        if (fileSystem.DirectoryExists($"{directory}/{LogFolder}"))
        {
            foreach (var name in fileSystem.List($"{directory}/{LogFolder}"))
                if (Guid.TryParse(name, out var token) && token != Current?.Log) fileSystem.DeleteDirectory($"{directory}/{LogFolder}/{name}");
        }

        foreach (var name in fileSystem.List(directory))
            if (name.StartsWith("state-", StringComparison.Ordinal) && name != Current?.StateFile) fileSystem.DeleteFile($"{directory}/{name}");
    }
}
