namespace KvStore.Simulation.Faults;

/// <summary>Single links are cut, each in one direction or both.</summary>
internal sealed class PartialPartition : IFault
{
    public string Name => "partial-partition";
    public int Weight => 4;

    public Action? Begin(FaultScene scene)
    {
        var cuts = new Cuts(scene.Cluster.Network);
        for (var i = 1 + scene.Random.Next(3); i > 0; i--)
        {
            var (from, to) = (scene.AnyNode(), scene.AnyNode());
            if (scene.Random.Chance(50)) cuts.Both(from.Id, to.Id);
            else cuts.OneWay(from.Id, to.Id);
        }
        return cuts.Mend;
    }
}
