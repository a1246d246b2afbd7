namespace KvStore.Simulation.Faults;

/// <summary>One thread of a node does not run: the WAL writer (a stalled disk), apply, the replica loop, or the background worker.</summary>
internal sealed class StallWorker : IFault
{
    private static readonly string[] Workers = ["wal", "wal", "apply", "loop", "background"];

    public string Name => "stall";
    public int Weight => 6;

    public Action? Begin(FaultScene scene)
    {
        if (scene.RunningNode() is not { } node || node.Workers.Stalled is not null) return null;
        var workers = node.Workers;
        workers.Stalled = scene.Random.Pick(Workers);
        return () => workers.Stalled = null;
    }
}
