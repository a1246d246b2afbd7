namespace KvStore.Simulation.Faults;

/// <summary>The machine loses power at one of its next disk operations, whatever it does just then: also in the middle of a checkpoint, or of a recovery.</summary>
internal sealed class CrashAtDiskOperation : IFault
{
    public string Name => "crash-at-disk-operation";
    public int Weight => 6;

    public Action? Begin(FaultScene scene)
    {
        if (!scene.MayTakeDown()) return null;
        var node = scene.AnyNode();
        // The machine notices by itself and cuts its power; see Machines.
        node.Disk.StopAtOperation = node.Disk.OperationCount + 1 + scene.Random.Next(60);
        return () => scene.Run.Machines.Start(node);
    }
}
