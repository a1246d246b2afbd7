namespace KvStore.Simulation.Faults;

/// <summary>The machine loses power: what was not synced is lost or torn.</summary>
internal sealed class PowerCut : IFault
{
    public string Name => "power";
    public int Weight => 6;

    public Action? Begin(FaultScene scene)
    {
        if (!scene.MayTakeDown() || scene.RunningNode() is not { } node) return null;
        scene.Run.Machines.CutPower(node);
        return () => scene.Run.Machines.Start(node);
    }
}
