using KvStore.Simulation.World;

namespace KvStore.Simulation.Faults;

/// <summary>Almost no room is left on a disk: writes are refused, reads go on, until there is room again.</summary>
internal sealed class DiskFull : IFault
{
    public string Name => "disk-full";
    public int Weight => 3;

    public Action? Begin(FaultScene scene)
    {
        if (scene.RunningNode() is not { } node) return null;
        scene.Run.DiskWasFull = true;
        node.Disk.CapacityBytes = node.Disk.UsedBytes + scene.Random.Next(3 << 20);
        return () => node.Disk.CapacityBytes = VirtualNode.DiskBytes;
    }
}
