using KvStore.Node;
using KvStore.Simulation.World;

namespace KvStore.Simulation.Running;

/// <summary>What kind of cluster a seed gives: its size and its settings. Limits are small, so that checkpoints, snapshots and refusals happen in minutes.</summary>
internal sealed record ClusterShape
{
    public required int Nodes { get; init; }
    public required int Clients { get; init; }
    public required bool ClocksKeepTheirBound { get; init; }
    public required Func<NodeOptions, NodeOptions> Configure { get; init; }
    public required int DataGroups { get; init; }

    public static ClusterShape Of(ulong seed)
    {
        var random = VirtualRandom.Stream(seed, "shape");
        var nodes = random.Chance(25) ? 5 : 3;
        var replicas = nodes == 5 && random.Chance(50) ? 5 : 3;
        var groups = 1 + random.Next(2);
        var checkpoint = random.Between(16 << 10, 128 << 10);
        var lag = checkpoint + random.Between(2 << 10, 128 << 10);
        var session = random.Chance(20) ? TimeSpan.FromSeconds(5 + random.Next(30)) : TimeSpan.FromMinutes(10);
        var history = random.Chance(50) ? TimeSpan.FromSeconds(5 + random.Next(60)) : TimeSpan.FromHours(1);
        var segment = 64 << (10 + random.Next(2));
        // Less log than a follower misses in a short absence: many snapshots.
        if (random.Chance(50)) lag = random.Between(2 << 10, 16 << 10);
        return new ClusterShape
        {
            Nodes = nodes,
            Clients = 8 + random.Next(7),
            ClocksKeepTheirBound = !random.Chance(8),
            DataGroups = groups,
            Configure = options => options with
            {
                DataGroups = groups, ReplicasPerGroup = replicas, CheckpointLogBytes = checkpoint, FollowerLagBytesMax = lag, SessionTimeToLive = session, HistoryKept = history,
                WalSegmentBytes = segment, WalTargetBytes = 2L * segment, DiskReserveBytes = 1 << 20,
            },
        };
    }
}
