using KvStore.Simulation.World;
using KvStore.Storage.FileSystem;

namespace KvStore.Simulation.Faults;

/// <summary>
/// A node is stopped in good order and started again; with bit flips, bits of its files turn around meanwhile. After an orderly stop everything is protected: each flip has to be noticed,
/// and repaired, or the node or the replica has to refuse to serve. Only one node of a run is damaged, and it counts as lost from then on.
/// </summary>
internal sealed class OrderlyStop(bool flipsBits) : IFault
{
    private static readonly TimeSpan DrainTime = TimeSpan.FromSeconds(1);

    public string Name => flipsBits ? "bit-flip" : "orderly-stop";
    public int Weight => flipsBits ? 1 : 3;

    public Action? Begin(FaultScene scene)
    {
        if (!scene.MayTakeDown() || scene.RunningNode() is not { } node || (flipsBits && !scene.Run.Machines.MayDamage(node))) return null;
        Stop(scene, node);
        return () => scene.Run.Machines.Start(node);
    }

    private async void Stop(FaultScene scene, VirtualNode node)
    {
        var life = node.Life;
        try
        {
            await node.Node.StopAsync(DrainTime);
        }
        catch (Exception ended) when (ended is LifeEndedException or IOException)
        {
            scene.Cluster.Trace.Line(() => $"node {node.Id} could not stop in good order: {ended.Message}");
        }
        if (life.HasEnded) return;
        // The power may have gone in the last disk operations of the stop, after which nothing fails any more.
        var isSealed = node.Node.Failure is null && !node.Disk.IsStopped;
        if (isSealed) node.Stopped();
        else node.Kill();
        if (flipsBits && isSealed && scene.Run.Machines.MayDamage(node)) Flip(scene, node);
        // Its end has passed already if the stop took longer than the fault was to last.
        scene.Cluster.Clock.After(scene.Time, () => scene.Run.Machines.Start(node));
    }

    private static void Flip(FaultScene scene, VirtualNode node)
    {
        var files = new List<string>();
        Collect(node.Disk, "/data", files);
        if (files.Count == 0) return;
        scene.Run.Machines.MarkDamaged(node);
        for (var i = 1 + scene.Random.Next(3); i > 0; i--)
        {
            var path = scene.Random.Pick(files);
            using var file = node.Disk.Open(path, FileOpen.ReadOnly);
            if (file.Length == 0) continue;
            var bit = scene.Random.Between(0, file.Length * 8);
            node.Disk.FlipBit(path, bit);
            scene.Cluster.Trace.Line(() => $"node {node.Id}: bit {bit} of {path} is turned around");
        }
    }

    private static void Collect(MemoryFileSystem disk, string directory, List<string> files)
    {
        foreach (var name in disk.List(directory))
        {
            var path = $"{directory}/{name}";
            if (disk.DirectoryExists(path)) Collect(disk, path, files);
            else files.Add(path);
        }
    }
}
