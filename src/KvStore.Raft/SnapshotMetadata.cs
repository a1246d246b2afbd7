namespace KvStore.Raft;

/// <summary>What the core knows of a RaftSnapshot or EngineCheckpoint: the last entry that it covers and the configuration there.</summary>
public sealed record SnapshotMetadata(LogIndex Index, Term Term, Configuration Configuration);
