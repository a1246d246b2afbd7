using KvStore.Storage.Engine;
using KvStore.Storage.FileSystem;

namespace KvStore.Storage.Tests.Engine;

/// <summary>Both record stores, each in a place of its own, so that every test runs on both.</summary>
internal sealed class StoreTwins : IDisposable
{
    private readonly string? _temporary;

    public StoreTwins(string kind)
    {
        if (kind == "faster")
        {
            _temporary = System.IO.Directory.CreateTempSubdirectory("kvstore-engine-").FullName;
            Directory = _temporary + "/group";
            FileSystem = FileSystems.ForThisPlatform();
            Factory = new FasterRecordStoreFactory(FileSystem, new FasterOptions { MemoryBytes = 1 << 20, PageBytes = 64 << 10, SegmentBytes = 1 << 20, HashBuckets = 1024, ReserveBytes = 1 });
        }
        else
        {
            Directory = "/group";
            FileSystem = new MemoryFileSystem();
            Factory = new MemoryRecordStoreFactory(FileSystem);
        }
    }

    public static TheoryData<string> Kinds => ["memory", "faster"];

    public IFileSystem FileSystem { get; }
    public IRecordStoreFactory Factory { get; }
    public string Directory { get; }

    public GroupStore Open() => GroupStore.Open(FileSystem, Directory, Factory, Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance);

    public void Dispose()
    {
        if (_temporary is not null) System.IO.Directory.Delete(_temporary, recursive: true);
    }
}
