using KvStore.Storage.FileSystem;

namespace KvStore.Storage.Engine;

/// <summary>The deterministic twin of FASTER for simulation: what was checkpointed survives a crash of the file system, later appends do not.</summary>
public sealed class MemoryRecordStoreFactory(IFileSystem fileSystem) : IRecordStoreFactory
{
    public IRecordStore Open(string directory) => new MemoryRecordStore(fileSystem, directory);
}
