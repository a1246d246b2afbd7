namespace KvStore.Raft;

/// <summary>The answer to <see cref="RaftNode.ReadIndex"/>: when the state machine has applied <see cref="Index"/>, a read is linearizable. <see cref="Failed"/>: leadership was lost or none is known; ask again.</summary>
public readonly record struct ReadState(ulong RequestId, LogIndex Index, bool Failed);
