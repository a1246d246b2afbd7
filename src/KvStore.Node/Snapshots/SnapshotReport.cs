using KvStore.Raft;

namespace KvStore.Node.Snapshots;

/// <summary>How the streaming of a RaftSnapshot to a follower ended.</summary>
internal sealed record SnapshotReport(ReplicaId To, SnapshotOutcome Outcome, LogIndex Index);

/// <summary>A received RaftSnapshot whose state the replica has switched to.</summary>
internal sealed record InstalledSnapshot(SnapshotMetadata Metadata, ReplicaId From, Term SenderTerm, ulong GroupTimeMicroseconds);
