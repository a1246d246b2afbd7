namespace KvStore.Simulation.Faults;

/// <summary>kill -9: the process ends, what it wrote stays. It comes back after a while.</summary>
internal sealed class KillProcess : IFault
{
    public string Name => "kill";
    public int Weight => 6;

    public Action? Begin(FaultScene scene)
    {
        if (!scene.MayTakeDown() || scene.RunningNode() is not { } node) return null;
        node.Kill();
        return () => scene.Run.Machines.Start(node);
    }
}
