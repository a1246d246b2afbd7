namespace KvStore.Simulation.Faults;

/// <summary>The disk of a node is lost and it comes back empty under its old name: with its votes gone the others must not take it for the one that they knew. It then stays down.</summary>
internal sealed class WipedNode : IFault
{
    public string Name => "wipe";
    public int Weight => 1;

    public Action? Begin(FaultScene scene)
    {
        var machines = scene.Run.Machines;
        if (scene.Cluster.Nodes.Any(machines.IsDamaged) || scene.Cluster.Nodes.Any(each => !each.IsUp || each.IsFrozen) || scene.RunningNode() is not { } node) return null;
        var others = scene.Cluster.Nodes.Where(other => other != node).ToList();
        var known = node.Node.Identity;
        foreach (var other in others)
            if (other.Node.Peers.Refuse(node.Id, known.ClusterId.Span, known.Incarnation.Span) is { } refusal) scene.Run.Findings.Report("identity", $"node {other.Id} refuses node {node.Id}: {refusal}");
        var directory = scene.Cluster.OptionsOf(node.Id).DataDirectory;
        node.Kill();
        node.Disk.DeleteDirectory(directory);
        machines.MarkDamaged(node);
        machines.Start(node);
        if (!node.IsUp) return FaultScene.Over;
        var wiped = node.Node.Identity;
        node.Kill();
        foreach (var other in others)
            if (other.IsUp && other.Node.Peers.Refuse(node.Id, wiped.ClusterId.Span, wiped.Incarnation.Span) is null)
                scene.Run.Findings.Report("identity", $"node {other.Id} takes node {node.Id}, which lost its disk, for the one that it knew");
        return FaultScene.Over;
    }
}
