using System.Buffers.Binary;
using KvStore.Simulation.World;
using KvStore.Storage.FileSystem;

namespace KvStore.Simulation.Faults;

/// <summary>
/// A bit flips on the disk of a node that is down: in a batch of the WAL that others follow, or in the vote record. In the WAL, and in both copies of a vote, it cannot be made good: the node
/// has to refuse to start, and stays down for the rest of the run. One copy of a vote is enough to go on. At most one node of a run is damaged.
/// </summary>
internal sealed class DamagedFile : IFault
{
    private const int BlockBytes = 4096, HeaderBytes = 64;
    private const uint BatchMagic = 0x4257564B;
    /// <summary>The newest batches may be cut as a torn tail; what so many others follow may not.</summary>
    private const ulong BatchesBehind = 4;

    public string Name => "damage";
    public int Weight => 1;

    public Action? Begin(FaultScene scene)
    {
        var machines = scene.Run.Machines;
        if (scene.Cluster.Nodes.Any(each => !each.IsUp || each.Disk.StopAtOperation > 0) || scene.RunningNode() is not { } node || !machines.MayDamage(node)) return null;
        var directory = $"{scene.Cluster.OptionsOf(node.Id).DataDirectory}/wal";
        node.Kill();
        switch (scene.Random.Next(3))
        {
            case 0 when FlipBatch(node.Disk, directory, scene.Random) is { } what: Refuses(scene, node, what); break;
            case 1: Refuses(scene, node, FlipVote(node.Disk, directory, scene.Random, copies: 2)); break;
            case 2: FlipVote(node.Disk, directory, scene.Random, copies: 1); break;
        }
        machines.Start(node);
        return FaultScene.Over;
    }

    private static void Refuses(FaultScene scene, VirtualNode node, string what)
    {
        scene.Run.Machines.MarkDamaged(node);
        scene.Run.Machines.Start(node);
        if (node.IsUp) scene.Run.Findings.Report("damage is refused", $"node {node.Id} starts although {what}");
    }

    /// <summary>Null when there is no batch that enough others follow in its segment.</summary>
    private static string? FlipBatch(MemoryFileSystem disk, string directory, VirtualRandom random)
    {
        List<(string Path, long Offset, ulong Segment, ulong Sequence)> batches = [];
        Span<byte> header = stackalloc byte[HeaderBytes];
        foreach (var name in disk.List(directory).Where(name => name.EndsWith(".wal", StringComparison.Ordinal)))
        {
            using var file = disk.Open($"{directory}/{name}", FileOpen.ReadOnly);
            for (long offset = 0; offset + BlockBytes <= file.Length; offset += BlockBytes)
                if (file.ReadAt(header, offset) == HeaderBytes && BinaryPrimitives.ReadUInt32LittleEndian(header) == BatchMagic)
                    batches.Add((file.Path, offset, BinaryPrimitives.ReadUInt64LittleEndian(header[16..]), BinaryPrimitives.ReadUInt64LittleEndian(header[24..])));
        }
        if (batches.Count == 0) return null;
        var newest = batches.MaxBy(batch => batch.Sequence);
        var old = batches.Where(batch => batch.Segment == newest.Segment && batch.Path == newest.Path && batch.Sequence + BatchesBehind <= newest.Sequence).ToList();
        if (old.Count == 0) return null;
        var damaged = random.Pick(old);
        disk.FlipBit(damaged.Path, (damaged.Offset + HeaderBytes) * 8 + random.Next((BlockBytes - HeaderBytes) * 8));
        return $"batch {damaged.Sequence} of its WAL is damaged, which batch {newest.Sequence} follows";
    }

    private static string FlipVote(MemoryFileSystem disk, string directory, VirtualRandom random, int copies)
    {
        var path = $"{directory}/votes";
        using var file = disk.Open(path, FileOpen.ReadOnly);
        var half = file.Length / 2;
        var slot = random.Next((int)(half / BlockBytes));
        var first = random.Next(2);
        for (var copy = 0; copy < copies; copy++)
            disk.FlipBit(path, ((first + copy) % 2 * half + (long)slot * BlockBytes) * 8 + random.Next(BlockBytes * 8));
        return $"both copies of vote {slot} are damaged";
    }
}
