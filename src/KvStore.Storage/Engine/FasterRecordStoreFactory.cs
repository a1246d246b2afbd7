using KvStore.Storage.FileSystem;

namespace KvStore.Storage.Engine;

/// <summary>Record stores on FASTER, in real directories.</summary>
public sealed class FasterRecordStoreFactory(IFileSystem fileSystem, FasterOptions options) : IRecordStoreFactory
{
    public IRecordStore Open(string directory) => FasterRecordStore.Open(fileSystem, directory, options);
}
