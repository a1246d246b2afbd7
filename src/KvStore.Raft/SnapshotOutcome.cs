namespace KvStore.Raft;

public enum SnapshotOutcome { Sent, Failed }
