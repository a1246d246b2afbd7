namespace KvStore.Storage.Engine;

/// <summary>Settings of one group's FASTER store. FASTER's own defaults take gigabytes.</summary>
public sealed record FasterOptions
{
    /// <summary>Records kept in memory, in bytes; rounded down to a power of two, at least 1 MiB.</summary>
    public long MemoryBytes { get; init; } = 64 << 20;
    /// <summary>Bytes of a page, a power of two. A record must fit into one.</summary>
    public int PageBytes { get; init; } = 4 << 20;
    /// <summary>Bytes of a file of the log, a power of two.</summary>
    public int SegmentBytes { get; init; } = 64 << 20;
    /// <summary>The fewest buckets of 64 bytes in the hash table. It never grows while the store is open; each start chooses a quarter of the records of the last checkpoint, and never fewer than before.</summary>
    public long HashBuckets { get; init; } = 64 << 10;
    /// <summary>A checkpoint is refused when less than this would stay free: FASTER waits for ever on a full disk.</summary>
    public long ReserveBytes { get; init; } = 64 << 20;
    /// <summary>A checkpoint that takes longer has failed.</summary>
    public TimeSpan CheckpointTimeout { get; init; } = TimeSpan.FromMinutes(2);
    /// <summary>What a reclaim pass does between two stretches of work.</summary>
    internal Action Rest { get; init; } = static () => Thread.Sleep(1);
}
