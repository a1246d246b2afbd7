using KvStore.Node;
using KvStore.Raft;
using KvStore.Simulation.World;
using KvStore.Storage.Engine;
using KvStore.Storage.FileSystem;
using KvStore.Storage.Wal;

namespace KvStore.Simulation.Running;

/// <summary>Starts and stops nodes, and decides whether a node that stopped by itself or does not start had a reason that a fault gave it. If it had none, that is a finding.</summary>
internal sealed class Machines(SimulationRun run)
{
    public const string Name = "nodes stay up";

    private static readonly TimeSpan RestartAfter = TimeSpan.FromMilliseconds(300);

    /// <summary>Nodes whose files were damaged by a fault: they may refuse to start for good, or stop.</summary>
    private readonly HashSet<NodeId> _damaged = [];

    public void MarkDamaged(VirtualNode node) => _damaged.Add(node.Id);

    /// <summary>Only one node a run, so that what is committed has whole copies elsewhere.</summary>
    public bool MayDamage(VirtualNode node) => _damaged.Count == 0 || _damaged.Contains(node.Id);

    public bool IsDamaged(VirtualNode node) => _damaged.Contains(node.Id);

    public void CutPower(VirtualNode node)
    {
        node.Crash();
        // The machine's clock counts from its boot.
        node.Clock.StartFrom(new MonotonicTime(run.Cluster.Random.Between(1_000_000_000, 100_000_000_000)));
    }

    /// <summary>Starts the node if it is down and can start.</summary>
    public void Start(VirtualNode node)
    {
        if (node.IsUp || run.IsHalted) return;
        try
        {
            node.Start();
            // The node takes a store that cannot be read for damage of that replica alone, and opens; but this machine is off.
            if (node.Disk.IsStopped) throw new MachineStoppedException();
            run.Cluster.Trace.Line(() => $"node {node.Id} starts");
            node.Node.Failed += reason => run.Cluster.Clock.After(TimeSpan.Zero, () => Stopped(node, reason));
        }
        catch (Exception refused) when (refused is not SimulationException)
        {
            node.Kill();
            CouldNotStart(node, refused);
        }
    }

    private void CouldNotStart(VirtualNode node, Exception refused)
    {
        run.Cluster.Trace.Line(() => $"node {node.Id} does not start: {refused.Message}");
        if (IsExplained(node, refused))
        {
            if (HasCause<MachineStoppedException>(refused)) CutPower(node);
            if (!IsDamaged(node)) run.Cluster.Clock.After(RestartAfter, () => Start(node));
        }
        else run.Findings.Report(Name, $"node {node.Id} refuses to start: {refused}");
    }

    private void Stopped(VirtualNode node, Exception reason)
    {
        if (!node.IsUp || node.Node.Failure != reason) return;
        run.Cluster.Trace.Line(() => $"node {node.Id} has stopped: {reason.Message}");
        if (!IsExplained(node, reason))
        {
            run.Findings.Report(Name, $"node {node.Id} has stopped by itself: {reason}");
            return;
        }
        if (HasCause<MachineStoppedException>(reason)) CutPower(node);
        else node.Kill();
        run.Cluster.Clock.After(RestartAfter, () => Start(node));
    }

    private bool IsExplained(VirtualNode node, Exception reason)
    {
        if (HasCause<MachineStoppedException>(reason) || HasCause<LifeEndedException>(reason)) return true;
        if (HasCause<DiskFullException>(reason)) return run.DiskWasFull;
        for (var cause = reason; cause is not null; cause = cause.InnerException)
        {
            if (cause is IOException && cause.Message.Contains("injected", StringComparison.Ordinal)) return true;
            if (IsDamaged(node) && cause is WalCorruptionException or StoreDamagedException or RecordDamagedException or NodeStartException) return true;
        }
        return false;
    }

    private static bool HasCause<T>(Exception reason)
    {
        for (var cause = reason; cause is not null; cause = cause.InnerException)
            if (cause is T) return true;
        return false;
    }
}
