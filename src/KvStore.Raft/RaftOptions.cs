namespace KvStore.Raft;

/// <summary>Settings of one replica's core. All sizes are bytes, all times real (not ticks).</summary>
public sealed record RaftOptions
{
    public required GroupId Group { get; init; }
    public required ReplicaId Self { get; init; }
    /// <summary>Seed of this replica's own random source (election timeouts).</summary>
    public required ulong Seed { get; init; }
    public TimeSpan HeartbeatInterval { get; init; } = TimeSpan.FromMilliseconds(100);
    /// <summary>Election timeouts are drawn evenly from [min, max).</summary>
    public TimeSpan ElectionTimeoutMin { get; init; } = TimeSpan.FromMilliseconds(500);
    public TimeSpan ElectionTimeoutMax { get; init; } = TimeSpan.FromMilliseconds(1000);
    /// <summary>Bound on how much faster one node's clock may run than another's, as a fraction; shortens the leader lease.</summary>
    public double ClockDriftMax { get; init; } = 0.05;
    public int AppendMessageBytesMax { get; init; } = 1 << 20;
    /// <summary>Appends that a follower has not acknowledged yet.</summary>
    public long InFlightBytesMax { get; init; } = 16 << 20;
    public int InFlightMessagesMax { get; init; } = 256;
    /// <summary>Proposals beyond this many uncommitted bytes are refused (a single proposal is always taken when there are none).</summary>
    public long UncommittedBytesMax { get; init; } = 64 << 20;
    /// <summary>One Ready gives out at most this many bytes of committed entries.</summary>
    public int CommittedBytesPerReadyMax { get; init; } = 8 << 20;
    /// <summary>Entries that are persisted and applied stay in memory for followers up to this many bytes; older ones are read from <see cref="ILogSource"/>.</summary>
    public long CachedBytesMax { get; init; } = 8 << 20;
}
