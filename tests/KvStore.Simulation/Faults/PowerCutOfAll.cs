namespace KvStore.Simulation.Faults;

/// <summary>All machines lose power in the same moment, and come back one after the other.</summary>
internal sealed class PowerCutOfAll : IFault
{
    public string Name => "power-all";
    public int Weight => 1;

    public Action? Begin(FaultScene scene)
    {
        // Those alone come back: another one may have been wiped, and stays away.
        var cut = scene.Cluster.Nodes.Where(node => node.IsUp).ToArray();
        foreach (var node in cut) scene.Run.Machines.CutPower(node);
        return () =>
        {
            foreach (var node in cut)
                scene.Cluster.Clock.After(scene.Random.Between(TimeSpan.Zero, TimeSpan.FromMilliseconds(400)), () => scene.Run.Machines.Start(node));
        };
    }
}
