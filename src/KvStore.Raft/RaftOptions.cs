namespace KvStore.Raft;

/// <summary>Settings of one replica's core. All sizes are bytes, all times real (not ticks).</summary>
public sealed record RaftOptions
{
    public required GroupId Group { get; init; }
    public required ReplicaId Self { get; init; }
    /// <summary>Seed of this replica's own random source (election timeouts).</summary>
    public required ulong Seed { get; init; }
    public TimeSpan HeartbeatInterval { get; init; } = TimeSpan.FromMilliseconds(100);
    /// <summary>A follower's news of the commit index waits for entries to travel with, until the next tick. Heartbeats bring it in any case, and so does the round that a follower's read asks for.</summary>
    public bool CommitWaitsForTick { get; init; }
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
    /// <summary>Entries that are persisted and applied stay in memory until all followers have them, up to this many bytes; the others are read from <see cref="ILogSource"/>. What lived longer would outlive young collections of garbage.</summary>
    public long CachedBytesMax { get; init; } = 8 << 20;
    /// <summary>Entries that are not applied yet stay in memory up to this many bytes; beyond it durable committed ones are read back from <see cref="ILogSource"/> when it is their turn.</summary>
    public long UnappliedBytesMax { get; init; } = 64 << 20;
    /// <summary>No more committed entries are given out while this many bytes of them wait for <see cref="RaftNode.Applied"/>.</summary>
    public long ApplyingBytesMax { get; init; } = 32 << 20;
    /// <summary>Reads that wait for a read index; more are refused (<see cref="ReadState.Failed"/>).</summary>
    public int PendingReadsMax { get; init; } = 1 << 16;
    /// <summary>A replica whose oldest write has waited this long for <see cref="RaftNode.Persisted"/> gives up leadership and does not campaign.</summary>
    public TimeSpan DiskStallMax { get; init; } = TimeSpan.FromMilliseconds(1500);

    /// <exception cref="ArgumentException">A setting is out of range or contradicts another one.</exception>
    public void Validate()
    {
        Require(Self != ReplicaId.None, "Self is no replica (0)");
        Require(HeartbeatInterval > TimeSpan.Zero, $"HeartbeatInterval {HeartbeatInterval} is not positive");
        Require(ElectionTimeoutMin > HeartbeatInterval, $"ElectionTimeoutMin {ElectionTimeoutMin} is not greater than HeartbeatInterval {HeartbeatInterval}");
        Require(ElectionTimeoutMax >= ElectionTimeoutMin, $"ElectionTimeoutMax {ElectionTimeoutMax} is less than ElectionTimeoutMin {ElectionTimeoutMin}");
        Require(ClockDriftMax is >= 0 and < 1, $"ClockDriftMax {ClockDriftMax} is not in [0, 1)");
        Require(AppendMessageBytesMax > 0, $"AppendMessageBytesMax {AppendMessageBytesMax} is not positive");
        Require(InFlightBytesMax > 0, $"InFlightBytesMax {InFlightBytesMax} is not positive");
        Require(InFlightMessagesMax > 0, $"InFlightMessagesMax {InFlightMessagesMax} is not positive");
        Require(CommittedBytesPerReadyMax > 0, $"CommittedBytesPerReadyMax {CommittedBytesPerReadyMax} is not positive");
        Require(DiskStallMax > TimeSpan.Zero, $"DiskStallMax {DiskStallMax} is not positive");
        static void Require(bool condition, string otherwise)
        {
            if (!condition) throw new ArgumentException($"Raft option: {otherwise}.");
        }
    }
}
