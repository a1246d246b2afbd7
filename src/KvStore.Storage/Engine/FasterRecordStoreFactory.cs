using KvStore.Storage.FileSystem;

namespace KvStore.Storage.Engine;

/// <summary>Record stores on FASTER, in real directories.</summary>
public sealed class FasterRecordStoreFactory(IFileSystem fileSystem, FasterOptions options) : IRecordStoreFactory
{
    private readonly PageWrites _pages = new();

    public IRecordStore Open(string directory) => FasterRecordStore.Open(fileSystem, directory, options, _pages);
}
