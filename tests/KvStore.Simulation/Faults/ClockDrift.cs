using KvStore.Simulation.World;

namespace KvStore.Simulation.Faults;

/// <summary>A clock goes faster or slower. Two clocks within the bound differ by no more than the drift that the leader lease allows for.</summary>
internal sealed class ClockDrift : IFault
{
    /// <summary>1.025 / 0.975 is just below 1 / (1 − 0.05).</summary>
    private const long WithinBound = 25_000;
    private const long BeyondBound = 400_000;

    public string Name => "clock";
    public int Weight => 6;

    public Action? Begin(FaultScene scene)
    {
        var node = scene.AnyNode();
        var most = scene.Run.TrustsLeases ? WithinBound : BeyondBound;
        node.Clock.SetRate(NodeClock.TrueRate + (scene.Random.Chance(40) ? (scene.Random.Chance(50) ? most : -most) : scene.Random.Between(-most, most + 1)));
        if (!scene.Run.TrustsLeases && scene.Random.Chance(40)) node.Clock.Jump(scene.Random.Between(TimeSpan.Zero, TimeSpan.FromSeconds(3)));
        return FaultScene.Over;
    }
}
