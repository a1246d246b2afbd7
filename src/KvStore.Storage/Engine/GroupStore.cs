using Microsoft.Extensions.Logging;

namespace KvStore.Storage.Engine;

/// <summary>All stored data of one group replica: a record store and one <see cref="RangeStore"/> a stay (DESIGN §5).</summary>
public sealed class GroupStore : IDisposable
{
    /// <summary>Opens what the directory's CURRENT names, or creates an empty store. The index is rebuilt by one scan.</summary>
    /// <exception cref="IOException">Damage: names file and remedy; only this replica stops.</exception>
    public static GroupStore Open(KvStore.Storage.FileSystem.IFileSystem fileSystem, string directory, IRecordStoreFactory factory, ILogger logger) => throw new NotImplementedException();

    /// <summary>The state that was stored with the last checkpoint (the node's own bytes); null for a new store.</summary>
    public ReadOnlyMemory<byte>? RecoveredState => throw new NotImplementedException();

    /// <summary>The stays that the store holds.</summary>
    public IReadOnlyCollection<RangeStore> Ranges => throw new NotImplementedException();
    public RangeStore CreateRange(Stay stay) => throw new NotImplementedException();
    public RangeStore? FindRange(Stay stay) => throw new NotImplementedException();
    public void DropRange(Stay stay) => throw new NotImplementedException();

    /// <summary>Apply thread: cuts here. See <see cref="IRecordStore.BeginCheckpoint"/>.</summary>
    public bool BeginCheckpoint(ReadOnlyMemory<byte> state, Action<Exception?> completed) => throw new NotImplementedException();

    /// <summary>Whether garbage has made the log at least twice as large as what is live.</summary>
    public bool NeedsReclaim => throw new NotImplementedException();
    /// <summary>One pass, on a background worker. False: a checkpoint has to come first.</summary>
    public bool Reclaim() => throw new NotImplementedException();

    /// <summary>Starts an empty store in a new directory beside the current one, to be filled by a RaftSnapshot; <see cref="SnapshotInstall.Commit"/> switches CURRENT to it.</summary>
    public static SnapshotInstall BeginInstall(KvStore.Storage.FileSystem.IFileSystem fileSystem, string directory, IRecordStoreFactory factory, ILogger logger) => throw new NotImplementedException();

    public void Dispose() => throw new NotImplementedException();
}

/// <summary>A RaftSnapshot being received. Disposing it without Commit deletes what was received.</summary>
public sealed class SnapshotInstall : IDisposable
{
    public GroupStore Store => throw new NotImplementedException();
    /// <summary>Checkpoints the new store with the given state, reads it back and switches CURRENT durably. The old store must have been disposed.</summary>
    public GroupStore Commit(ReadOnlyMemory<byte> state) => throw new NotImplementedException();
    public void Dispose() => throw new NotImplementedException();
}
