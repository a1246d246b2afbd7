using KvStore.Raft;

namespace KvStore.Node;

/// <summary>Settings of one node. The host validates them before anything opens.</summary>
public sealed record NodeOptions
{
    public required NodeId Id { get; init; }
    public required string DataDirectory { get; init; }
    /// <summary>Every founder of the cluster, the same list on each.</summary>
    public required IReadOnlyList<Founder> Founders { get; init; }
    /// <summary>The same secret word on each founder; with the founders it names the cluster.</summary>
    public required string Token { get; init; }
    public int DataGroups { get; init; } = 4;
    public int ReplicasPerGroup { get; init; } = 3;
    public int ReplicaLoops { get; init; } = 1;
    public int ApplyWorkers { get; init; } = 1;
    public TimeSpan HeartbeatInterval { get; init; } = TimeSpan.FromMilliseconds(100);
    public TimeSpan ElectionTimeoutMin { get; init; } = TimeSpan.FromMilliseconds(500);
    public TimeSpan ElectionTimeoutMax { get; init; } = TimeSpan.FromMilliseconds(1000);
    public double ClockDriftMax { get; init; } = 0.05;
    /// <summary>A group's log is checkpointed after this many bytes.</summary>
    public long CheckpointLogBytes { get; init; } = 64L << 20;
    public long FollowerLagBytesMax { get; init; } = 256L << 20;
    public int EntryBytesMax { get; init; } = 1 << 20;
    /// <summary>Proposals waiting in one group's queue beyond this are refused at once.</summary>
    public long QueueBytesMax { get; init; } = 64L << 20;
    public long WalTargetBytes { get; init; } = 256L << 20;
    public int WalSegmentBytes { get; init; } = 64 << 20;
    public long DiskReserveBytes { get; init; } = 256L << 20;
    public TimeSpan SessionTimeToLive { get; init; } = TimeSpan.FromMinutes(10);
    /// <summary>What a group keeps of client sessions and their results; beyond it whole sessions end, the longest unused first.</summary>
    public long SessionBytesMax { get; init; } = 64L << 20;
    public TimeSpan HistoryKept { get; init; } = TimeSpan.FromHours(1);
    public ulong HistoryRevisionsKept { get; init; } = 1_000_000;
    /// <summary>A watch whose consumer has left so many bytes untaken gets no more before it takes some.</summary>
    public int WatchQueueBytes { get; init; } = 256 << 10;
    /// <summary>What consumers of all watches may leave untaken together.</summary>
    public long WatchQueueBytesMax { get; init; } = 256L << 20;
    /// <summary>Watches on this node; more are refused.</summary>
    public int WatchesMax { get; init; } = 100_000;
    /// <summary>A watch that has told nothing for so long tells how far it is.</summary>
    public TimeSpan WatchBookmarkInterval { get; init; } = TimeSpan.FromSeconds(5);
    /// <summary>A replica that knows no leader for so long ends its watches, so that they go where something may happen.</summary>
    public TimeSpan WatchLeaderlessMax { get; init; } = TimeSpan.FromSeconds(5);
}

public sealed record Founder(NodeId Id, string ClientAddress, string PeerAddress, string Zone = "");
