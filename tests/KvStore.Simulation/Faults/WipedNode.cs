using KvStore.Node.Startup;
using KvStore.Simulation.World;

namespace KvStore.Simulation.Faults;

/// <summary>The disk of a node is lost and it comes back empty under its old name: with its votes gone the others must not take it for the one that they knew. It then stays down.</summary>
internal sealed class WipedNode : IFault
{
    public string Name => "wipe";
    public int Weight => 1;

    public Action? Begin(FaultScene scene)
    {
        var machines = scene.Run.Machines;
        if (scene.Cluster.Nodes.Any(each => !each.IsUp || each.IsFrozen || HasDiskFault(each)) || scene.RunningNode() is not { } node || !machines.MayDamage(node)) return null;
        var others = scene.Cluster.Nodes.Where(other => other != node).ToList();
        var known = node.Node.Identity;
        others.RemoveAll(other => Welcomes(other, node, known) is not { } welcomes || !welcomes);
        if (!node.IsUp) return FaultScene.Over;
        node.Kill();
        node.Disk.DeleteDirectory(scene.Cluster.OptionsOf(node.Id).DataDirectory);
        machines.MarkDamaged(node);
        machines.Start(node);
        if (!node.IsUp) return FaultScene.Over;
        var wiped = node.Node.Identity;
        node.Kill();
        foreach (var other in others)
            if (other.IsUp && Welcomes(other, node, wiped) is true)
                scene.Run.Findings.Report("identity", $"node {other.Id} takes node {node.Id}, which lost its disk, for the one that it knew");
        return FaultScene.Over;
    }

    /// <summary>What a node says to the first words of another; null when it ended over them.</summary>
    private static bool? Welcomes(VirtualNode node, VirtualNode other, NodeIdentity identity)
    {
        try
        {
            return node.Node.Peers.Refuse(other.Id, identity.ClusterId.Span, identity.Incarnation.Span) is null;
        }
        catch (Exception ended) when (ended is IOException or LifeEndedException)
        {
            return null;
        }
    }

    private static bool HasDiskFault(VirtualNode node) => node.Disk.StopAtOperation > 0 || node.Disk.FailAtOperation > 0 || node.Disk.FailSyncs || node.Disk.FailNextSync;
}
