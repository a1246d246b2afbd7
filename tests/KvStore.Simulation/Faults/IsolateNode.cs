namespace KvStore.Simulation.Faults;

/// <summary>One node, the leader of a group in half the cases, is cut off from all others.</summary>
internal sealed class IsolateNode : IFault
{
    public string Name => "isolate";
    public int Weight => 6;

    public Action? Begin(FaultScene scene)
    {
        if (scene.RunningNode() is not { } node) return null;
        var cuts = new Cuts(scene.Cluster.Network);
        foreach (var other in scene.Cluster.Nodes) cuts.Both(node.Id, other.Id);
        return cuts.Mend;
    }
}
