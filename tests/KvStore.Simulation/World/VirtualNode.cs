using KvStore.Node;
using KvStore.Node.Startup;
using KvStore.Raft;
using KvStore.Storage.Engine;
using KvStore.Storage.FileSystem;

namespace KvStore.Simulation.World;

/// <summary>A machine with a disk and a clock, on which a node is started, killed and started again.</summary>
internal sealed class VirtualNode
{
    private readonly VirtualCluster _cluster;
    private readonly Queue<Action> _whenThawed = new();
    private KvNode? _node;
    private int _starts;
    private int _freezes;
    private int _pauseAfterYields;
    private TimeSpan _pause;

    public VirtualNode(VirtualCluster cluster, NodeId id)
    {
        (_cluster, Id) = (cluster, id);
        Clock = new NodeClock(cluster.Clock);
        Workers = new VirtualWorkerHost(Clock);
        Life = new NodeLife(this);
    }

    public NodeId Id { get; }
    /// <summary>What its disk holds while no fault makes it smaller.</summary>
    public const long DiskBytes = 1L << 40;
    public MemoryFileSystem Disk { get; } = new() { CapacityBytes = DiskBytes };
    public NodeClock Clock { get; }
    public VirtualWorkerHost Workers { get; private set; }
    public NodeLife Life { get; private set; }
    public bool IsUp => _node is not null;
    public NodeIdentity? Identity => _node?.Identity;
    public KvNode Node => _node ?? throw new InvalidOperationException($"node {Id} is down");

    /// <summary>The process stands still, its clock goes on.</summary>
    public bool IsFrozen => _freezes > 0;

    /// <summary>Its workers may take turns.</summary>
    public bool MayRun => IsUp && !IsFrozen && !Workers.IsStopped;

    /// <summary>Changes the settings of the next start.</summary>
    public Func<NodeOptions, NodeOptions>? Configure { get; set; }

    public void Start()
    {
        Workers = new VirtualWorkerHost(Clock);
        Life = new NodeLife(this);
        var options = _cluster.OptionsOf(Id);
        options = Configure?.Invoke(options) ?? options;
        var disk = new LifeDisk(Disk, Life);
        var services = new NodeServices(disk, new MemoryRecordStoreFactory(disk), Life, _cluster.Network.Join(Life), Workers, _cluster.LoggersOf(Id), _cluster.Seed * 1000 + Id.Value * 100 + (ulong)_starts++) { Observer = _cluster.Observe(this) };
        _node = KvNode.Open(options, services);
        _node.Start();
    }

    /// <summary>The power goes: what was not synced is lost or torn by the seed.</summary>
    public void Crash()
    {
        End();
        Disk.Crash(_cluster.Random.Next());
    }

    /// <summary>The process is killed and the machine goes on: what it wrote is there.</summary>
    public void Kill()
    {
        End();
        Disk.KillProcess();
    }

    /// <summary>After a graceful end.</summary>
    public void Stopped() => End();

    private void End()
    {
        Workers.Stop();
        Life.End();
        _cluster.Network.Leave(Id);
        _node = null;
        _pauseAfterYields = 0;
        _whenThawed.Clear();
    }

    /// <summary>Stops the process between two of its turns.</summary>
    public void Freeze(TimeSpan time)
    {
        var life = Life;
        _freezes++;
        _cluster.Clock.After(time, () => Thaw(life));
    }

    /// <summary>Stops the process in the middle of what it does, before its n-th next look at the world.</summary>
    public void PauseInside(int yields, TimeSpan time) => (_pauseAfterYields, _pause) = (yields, time);

    /// <summary>What comes from outside waits while the process stands still.</summary>
    public void WhenThawed(Action action)
    {
        if (IsFrozen) _whenThawed.Enqueue(action);
        else action();
    }

    public void Reached(YieldPoint point)
    {
        if (_pauseAfterYields != 0 && _node is not null && --_pauseAfterYields == 0) StandStill(point);
    }

    /// <summary>Apart from <see cref="Reached"/>, which nearly always does nothing and would make an object for the line of the trace all the same.</summary>
    private void StandStill(YieldPoint point)
    {
        if (!_cluster.MayNest)
        {
            Freeze(_pause);
            return;
        }
        _freezes++;
        _cluster.Trace.Line(() => $"node {Id} stands still before {point} for {_pause.TotalMilliseconds} ms");
        _cluster.RunAside(_pause, Life);
        Thaw(Life);
    }

    private void Thaw(NodeLife life)
    {
        _freezes--;
        while (!IsFrozen && life == Life && _whenThawed.TryDequeue(out var action)) action();
    }
}
