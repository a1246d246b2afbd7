namespace KvStore.Simulation.Faults;

/// <summary>A node hears the others and they do not hear it, or the other way round.</summary>
internal sealed class OneWayCut : IFault
{
    public string Name => "one-way";
    public int Weight => 4;

    public Action? Begin(FaultScene scene)
    {
        if (scene.RunningNode() is not { } node) return null;
        var cuts = new Cuts(scene.Cluster.Network);
        var isMute = scene.Random.Chance(50);
        foreach (var other in scene.Cluster.Nodes)
        {
            if (isMute) cuts.OneWay(node.Id, other.Id);
            else cuts.OneWay(other.Id, node.Id);
        }
        return cuts.Mend;
    }
}
