using KvStore.Raft;
using KvStore.Storage.FileSystem;
using Microsoft.Extensions.Logging;

namespace KvStore.Storage.Wal;

/// <summary>The node's write-ahead log, shared by all its groups (DESIGN §4). <see cref="Write"/> belongs to the one WAL writer; reads may come from any thread.</summary>
public sealed class Wal : IDisposable
{
    /// <exception cref="WalCorruptionException">Damage that is not a torn tail.</exception>
    public static Wal Open(IFileSystem fileSystem, WalOptions options, ulong walId, ILogger logger) => throw new NotImplementedException();

    /// <summary>The groups found at start, in order of their ids. Release the list after use: it holds the entries in memory.</summary>
    public IReadOnlyList<WalGroupRecovery> TakeRecovered() => throw new NotImplementedException();

    /// <summary>Writes one batch and syncs once. A failure is final: every later call throws the same exception.</summary>
    /// <exception cref="IOException">The write or the sync failed; nothing of the batch may be acknowledged.</exception>
    public void Write(WalBatch batch) => throw new NotImplementedException();

    /// <summary>Writes the seal record when one is due (at most 5 ms after the last sync); called by the WAL writer when its queue is empty. Returns when to call again, or null.</summary>
    public TimeSpan? Idle(MonotonicTime now) => throw new NotImplementedException();

    /// <summary>Reads durable entries back.</summary>
    public ILogSource LogOf(GroupId group) => throw new NotImplementedException();

    /// <summary>The group that pins the oldest segment when the WAL has grown past 4 × its target; it should checkpoint and compact.</summary>
    public GroupId? GroupToCheckpoint => throw new NotImplementedException();

    /// <summary>False when there is too little room left: the node refuses proposals with RESOURCE_EXHAUSTED and reads go on.</summary>
    public bool HasRoom => throw new NotImplementedException();

    public long Bytes => throw new NotImplementedException();

    public void Dispose() => throw new NotImplementedException();
}
