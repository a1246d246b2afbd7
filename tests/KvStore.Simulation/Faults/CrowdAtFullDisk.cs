using System.Text;
using KvStore.Node.Placement;
using KvStore.Node.StateMachine;
using KvStore.Simulation.Clients;
using KvStore.Simulation.World;

namespace KvStore.Simulation.Faults;

/// <summary>The disk of a leader runs full while a crowd writes: many writes wait for room in the log in the moment in which there is none left. Each of them is to be answered.</summary>
internal sealed class CrowdAtFullDisk : IFault
{
    private const int Writers = 48;
    /// <summary>Less than the reserve at which the node refuses writes, and enough for what is under way.</summary>
    private const long RoomMin = 256 << 10, RoomMax = 1000 << 10;
    private static readonly TimeSpan Rush = TimeSpan.FromMilliseconds(12), WriteTime = TimeSpan.FromSeconds(1);

    public string Name => "crowd-at-full-disk";
    public int Weight => 2;

    public Action? Begin(FaultScene scene)
    {
        var run = scene.Run;
        if (run.KnownMap is not { } map) return null;
        var range = scene.Random.Pick(map.Ranges.Where(range => range.Keyspace == Node.KeyspaceId.Default).ToList());
        if (run.Cluster.LeaderOf(range.Group) is not { } node) return null;
        run.DiskWasFull = true;
        for (var i = 0; i < Writers; i++) scene.Cluster.Clock.After(scene.Random.Between(TimeSpan.Zero, Rush), () => Write(scene, node, range));
        var isOver = false;
        scene.Cluster.Clock.After(Rush / 2, () =>
        {
            if (!isOver) node.Disk.CapacityBytes = node.Disk.UsedBytes + scene.Random.Between(RoomMin, RoomMax);
        });
        return () =>
        {
            isOver = true;
            node.Disk.CapacityBytes = VirtualNode.DiskBytes;
        };
    }

    private static void Write(FaultScene scene, VirtualNode node, RangeDescriptor range)
    {
        if (!node.IsUp || node.IsFrozen || scene.Run.IsHalted) return;
        var run = scene.Run;
        try
        {
            node.Node.Propose(new ClientBatch(run.Answers.Watch<CommandResult>(node, static _ => { }), what => run.Findings.Report("answers", what))
            {
                Range = range.Id, Epoch = range.Epoch, Count = 1, Deadline = ClientBatch.DeadlineOf(node, WriteTime),
                Commands = ClientBatch.Encode(range, default, VirtualBatch.Put(Encoding.UTF8.GetString(range.Start.Span) + "~crowd", "here")),
            });
        }
        catch (LifeEndedException)
        {
            run.Cluster.Trace.Line(() => $"node {node.Id} died over a write of the crowd");
        }
    }
}
