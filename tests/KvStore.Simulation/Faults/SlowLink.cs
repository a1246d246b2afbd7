namespace KvStore.Simulation.Faults;

/// <summary>One link delays everything by up to 300 ms.</summary>
internal sealed class SlowLink : IFault
{
    public string Name => "slow-link";
    public int Weight => 5;

    public Action? Begin(FaultScene scene)
    {
        var (from, to) = (scene.AnyNode().Id, scene.AnyNode().Id);
        if (from == to) return null;
        scene.Cluster.Network.Slow(from, to, scene.Random.Between(TimeSpan.FromMilliseconds(5), TimeSpan.FromMilliseconds(300)));
        return () => scene.Cluster.Network.Slow(from, to, TimeSpan.Zero);
    }
}
