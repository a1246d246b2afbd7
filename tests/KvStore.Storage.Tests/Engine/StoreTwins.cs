using KvStore.Storage.Engine;
using KvStore.Storage.FileSystem;

namespace KvStore.Storage.Tests.Engine;

/// <summary>Both record stores, each in a place of its own, so that every test runs on both.</summary>
internal sealed class StoreTwins : IDisposable
{
    private readonly string? _temporary;
    private readonly FaultyFileSystem? _faulty;
    private readonly MemoryFileSystem? _memory;

    public StoreTwins(string kind)
    {
        if (kind == "faster")
        {
            _temporary = System.IO.Directory.CreateTempSubdirectory("kvstore-engine-").FullName;
            Directory = _temporary + "/group";
            FileSystem = _faulty = new FaultyFileSystem(FileSystems.ForThisPlatform());
            Factory = new FasterRecordStoreFactory(FileSystem, new FasterOptions { MemoryBytes = 1 << 20, PageBytes = 64 << 10, SegmentBytes = 1 << 20, HashBuckets = 1024, ReserveBytes = 1 });
        }
        else
        {
            Directory = "/group";
            FileSystem = _memory = new MemoryFileSystem();
            Factory = new MemoryRecordStoreFactory(FileSystem);
        }
    }

    public static TheoryData<string> Kinds => ["memory", "faster"];

    public IFileSystem FileSystem { get; }
    public IRecordStoreFactory Factory { get; }
    public string Directory { get; }

    public bool FailSyncs
    {
        set
        {
            if (_faulty is not null) _faulty.FailSyncs = value;
            else _memory!.FailSyncs = value;
        }
    }

    /// <summary>Every read of FASTER's log waits for the disk.</summary>
    public bool NothingIsCached
    {
        set
        {
            if (_faulty is not null) _faulty.NothingIsCached = value;
        }
    }

    public bool PoolThreadWaited => _faulty is { PoolThreadWaited: true };

    /// <summary>Syncs of FASTER's log wait for it.</summary>
    public ManualResetEventSlim LogSyncsMayEnd => _faulty!.LogSyncsMayEnd;

    public int LogReads => _faulty is null ? 0 : Volatile.Read(ref _faulty.LogReads);

    /// <summary>Reads of FASTER's log that the disk is asked for wait for it.</summary>
    public ManualResetEventSlim LogReadsMayEnd => _faulty!.LogReadsMayEnd;

    /// <summary>Of FASTER's log.</summary>
    public bool FailLogSyncs { set => _faulty!.FailLogSyncs = value; }

    public void FillDisk()
    {
        if (_faulty is not null) _faulty.IsFull = true;
        else _memory!.CapacityBytes = _memory.UsedBytes + 1;
    }

    public void EmptyDisk()
    {
        if (_faulty is not null) _faulty.IsFull = false;
        else _memory!.CapacityBytes = 1 << 30;
    }

    public GroupStore Open() => GroupStore.Open(FileSystem, Directory, Factory, Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance);

    public void Dispose()
    {
        if (_temporary is not null) System.IO.Directory.Delete(_temporary, recursive: true);
    }
}
