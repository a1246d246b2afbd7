namespace KvStore.Simulation.Faults;

/// <summary>SIGSTOP and SIGCONT between two turns of the workers. The clock goes on.</summary>
internal sealed class PauseProcess : IFault
{
    public string Name => "pause";
    public int Weight => 6;

    public Action? Begin(FaultScene scene)
    {
        if (!scene.MayTakeDown() || scene.RunningNode() is not { } node) return null;
        node.Freeze(scene.Time);
        return FaultScene.Over;
    }
}
