using KvStore.Node.Time;
using KvStore.Raft;
using KvStore.Storage.Engine;
using KvStore.Storage.FileSystem;
using Microsoft.Extensions.Logging.Abstractions;

namespace KvStore.Node.Tests.Cluster;

/// <summary>A machine with a disk, on which a node is started, killed and started again.</summary>
internal sealed class VirtualNode(VirtualCluster cluster, NodeId id) : ITimeSource
{
    private KvNode? _node;
    private int _starts;

    public NodeId Id { get; } = id;
    public MemoryFileSystem Disk { get; } = new() { CapacityBytes = 1L << 40 };
    public VirtualWorkerHost Workers { get; private set; } = new();
    public bool IsUp => _node is not null;
    public KvNode Node => _node ?? throw new InvalidOperationException($"node {Id} is down");
    public MonotonicTime Now => cluster.Clock.Now;

    /// <summary>Changes the settings of the next start.</summary>
    public Func<NodeOptions, NodeOptions>? Configure { get; set; }

    public void Start()
    {
        Workers = new VirtualWorkerHost();
        var options = cluster.OptionsOf(Id);
        options = Configure?.Invoke(options) ?? options;
        var services = new NodeServices(Disk, new MemoryRecordStoreFactory(Disk), this, cluster.Network.Join(Id), Workers, NullLoggerFactory.Instance, cluster.Seed * 1000 + Id.Value * 100 + (ulong)_starts++);
        _node = KvNode.Open(options, services);
        _node.Start();
    }

    /// <summary>The power goes: what was not synced is lost or torn by the seed.</summary>
    public void Crash()
    {
        Workers.Stop();
        cluster.Network.Leave(Id);
        _node = null;
        Disk.Crash(cluster.Random.Next());
    }

    /// <summary>After a graceful end.</summary>
    public void Stopped()
    {
        cluster.Network.Leave(Id);
        _node = null;
    }
}
