using KvStore.Simulation.World;

namespace KvStore.Simulation.Faults;

/// <summary>The nodes fall into two parts. With a bridge one node still sees both, so that there are two majorities that overlap in it.</summary>
internal sealed class Partition(bool hasBridge) : IFault
{
    public string Name => hasBridge ? "bridge" : "partition";
    public int Weight => 4;

    public Action? Begin(FaultScene scene)
    {
        var nodes = scene.Cluster.Nodes.ToList();
        for (var i = nodes.Count - 1; i > 0; i--)
        {
            var j = scene.Random.Next(i + 1);
            (nodes[i], nodes[j]) = (nodes[j], nodes[i]);
        }
        var half = nodes.Count / 2;
        List<VirtualNode> left = nodes[..half], right = hasBridge ? nodes[(half + 1)..] : nodes[half..];
        var cuts = new Cuts(scene.Cluster.Network);
        foreach (var one in left)
            foreach (var other in right) cuts.Both(one.Id, other.Id);
        return cuts.Mend;
    }
}
