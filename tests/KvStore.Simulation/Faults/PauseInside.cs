namespace KvStore.Simulation.Faults;

/// <summary>SIGSTOP in the middle of something: before one of the node's next looks at its clock, disk operations or sends. So also between the two checks of a lease read.</summary>
internal sealed class PauseInside : IFault
{
    public string Name => "pause-inside";
    public int Weight => 10;

    public Action? Begin(FaultScene scene)
    {
        if (!scene.MayTakeDown() || scene.RunningNode() is not { } node) return null;
        node.PauseInside(1 + scene.Random.Next(60), scene.Time);
        return FaultScene.Over;
    }
}
