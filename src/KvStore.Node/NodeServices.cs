using KvStore.Node.Time;
using KvStore.Node.Transport;
using KvStore.Node.Workers;
using KvStore.Storage.Engine;
using KvStore.Storage.FileSystem;
using Microsoft.Extensions.Logging;

namespace KvStore.Node;

/// <summary>The world as a node sees it: everything that simulation replaces.</summary>
public sealed record NodeServices(IFileSystem FileSystem, IRecordStoreFactory RecordStores, ITimeSource Time, ITransport Transport, IWorkerHost Workers, ILoggerFactory Loggers, ulong Seed)
{
    /// <summary>Sees what replicas log and apply; null: nobody looks.</summary>
    internal Replicas.IReplicaObserver? Observer { get; init; }
}
