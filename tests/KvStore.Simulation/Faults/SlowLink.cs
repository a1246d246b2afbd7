namespace KvStore.Simulation.Faults;

/// <summary>One link delays everything by up to 300 ms, and now and then by so much that answers come after the question was asked again.</summary>
internal sealed class SlowLink : IFault
{
    public string Name => "slow-link";
    public int Weight => 5;

    public Action? Begin(FaultScene scene)
    {
        var (from, to) = (scene.AnyNode().Id, scene.AnyNode().Id);
        if (from == to) return null;
        scene.Cluster.Network.Slow(from, to, scene.Random.Between(TimeSpan.FromMilliseconds(5), TimeSpan.FromMilliseconds(scene.Random.Chance(30) ? 800 : 300)));
        return () => scene.Cluster.Network.Slow(from, to, TimeSpan.Zero);
    }
}
