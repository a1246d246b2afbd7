namespace KvStore.Simulation.Faults;

/// <summary>fdatasync fails, once or until the fault is over. The node has to stop by itself; then the process is started again, or the machine loses power first.</summary>
internal sealed class FailingSync : IFault
{
    public string Name => "failing-sync";
    public int Weight => 2;

    public Action? Begin(FaultScene scene)
    {
        if (!scene.MayTakeDown() || scene.RunningNode() is not { } node) return null;
        if (scene.Random.Chance(50)) node.Disk.FailNextSync = true;
        else node.Disk.FailSyncs = true;
        var losesPower = scene.Random.Chance(50);
        return () =>
        {
            (node.Disk.FailSyncs, node.Disk.FailNextSync) = (false, false);
            if (node.IsUp && losesPower) scene.Run.Machines.CutPower(node);
            else if (node.IsUp) node.Kill();
            scene.Run.Machines.Start(node);
        };
    }
}
