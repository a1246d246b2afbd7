using KvStore.Storage.FileSystem;
#if PLANTED
using KvStore.Raft;
#endif

namespace KvStore.Storage.Engine;

/// <summary>A RaftSnapshot being received. Disposing it without Commit deletes what was received.</summary>
public sealed class SnapshotInstall : IDisposable
{
    private readonly IFileSystem _fileSystem;
    private readonly string _directory;
    private readonly string _name;
    private bool _committed;
    /// <summary>Set before CURRENT is written: from then on a crash or a failed sync may leave either store as the current one, and neither is deleted.</summary>
    private bool _mayBeCurrent;

    internal SnapshotInstall(IFileSystem fileSystem, string directory, string name, GroupStore store) =>
        (_fileSystem, _directory, _name, Store) = (fileSystem, directory, name, store);

    public GroupStore Store { get; }

    /// <summary>Checkpoints the new store with the given state, reads it back and switches CURRENT durably. The old store must have been disposed.</summary>
    /// <exception cref="IOException">It could not be made durable; the next open finds the old store or, if only the last sync failed, perhaps the new one, either whole.</exception>
    public GroupStore Commit(ReadOnlyMemory<byte> state)
    {
#if PLANTED
        if (Plants.Has(PlantedBug.SnapshotSwitchedEarly)) CurrentStore.Write(_fileSystem, _directory, _name);
#endif
        using var done = new ManualResetEventSlim();
        Exception? failure = null;
        var begun = Store.BeginCheckpoint(state, e =>
        {
            failure = e;
            done.Set();
        });
        Raft.Invariant.That(begun, "nobody else checkpoints a store that is being installed");
        done.Wait();
        if (failure is not null) throw new IOException($"the received snapshot could not be stored: {failure.Message}", failure);
        _mayBeCurrent = true;
        CurrentStore.Write(_fileSystem, _directory, _name);
        _committed = true;
        return Store;
    }

    public void Dispose()
    {
        if (_committed) return;
        Store.Dispose();
        if (!_mayBeCurrent) _fileSystem.DeleteDirectory($"{_directory}/{_name}");
    }
}
