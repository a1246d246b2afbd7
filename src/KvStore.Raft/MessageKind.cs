namespace KvStore.Raft;

/// <summary>Kinds of messages between replicas. Wire numbers: never reuse one.</summary>
public enum MessageKind : byte
{
    AppendEntries = 1,
    AppendEntriesResponse = 2,
    RequestVote = 3,
    RequestVoteResponse = 4,
    RequestPreVote = 5,
    RequestPreVoteResponse = 6,
    Heartbeat = 7,
    HeartbeatResponse = 8,
    /// <summary>Announces a RaftSnapshot whose data the host has already received whole and made durable.</summary>
    InstallSnapshot = 9,
    TimeoutNow = 10,
    /// <summary>A follower asks the leader for a read index (FOLLOWER reads).</summary>
    ReadIndex = 11,
    ReadIndexResponse = 12,
}
