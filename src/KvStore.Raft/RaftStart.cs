namespace KvStore.Raft;

/// <summary>What a replica knows when it starts: its durable state.</summary>
public sealed record RaftStart
{
    public required HardState HardState { get; init; }
    /// <summary>The index and term up to which the log is replaced by an EngineCheckpoint or RaftSnapshot; (0, 0) for a new group.</summary>
    public required LogIndex SnapshotIndex { get; init; }
    public required Term SnapshotTerm { get; init; }
    /// <summary>The configuration as of <see cref="SnapshotIndex"/>; for a new group its initial members, the same on every replica; <see cref="Configuration.Empty"/> for a replica that joins an existing group.</summary>
    public required Configuration Configuration { get; init; }
    /// <summary>What the state machine has applied; at least <see cref="SnapshotIndex"/>.</summary>
    public required LogIndex Applied { get; init; }
    /// <summary>The durable entries after <see cref="SnapshotIndex"/>, contiguous.</summary>
    public required IReadOnlyList<Entry> Entries { get; init; }
    public required ILogSource Log { get; init; }
    /// <summary>The first election timeout is longer by so much: another replica is to come first.</summary>
    public TimeSpan FirstTimeoutExtra { get; init; }
}
