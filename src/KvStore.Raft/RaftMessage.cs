namespace KvStore.Raft;

/// <summary>One message from a replica to another replica of the same group. A field that a kind does not use is zero.</summary>
public sealed class RaftMessage
{
    public required MessageKind Kind { get; init; }
    public required ReplicaId From { get; init; }
    public required ReplicaId To { get; init; }
    public required Term Term { get; init; }

    /// <summary>AppendEntries: the entry before <see cref="Entries"/>. Votes: the candidate's last entry. AppendEntriesResponse: the last matched index (accepted) or the refused one. InstallSnapshot: the snapshot's last index. ReadIndexResponse: the read index.</summary>
    public LogIndex Index { get; init; }

    /// <summary>Term of the entry at <see cref="Index"/>; in a refusal, the follower's term at <see cref="HintIndex"/>.</summary>
    public Term LogTerm { get; init; }

    public IReadOnlyList<Entry> Entries { get; init; } = [];

    /// <summary>The sender's commit index, never more than what the receiver is known to match (heartbeats).</summary>
    public LogIndex Commit { get; init; }

    public bool Reject { get; init; }

    /// <summary>In a refused AppendEntriesResponse: where the follower's log may still agree (conflict back-tracking by term).</summary>
    public LogIndex HintIndex { get; init; }

    /// <summary>Heartbeat and its response: the id of the round, fresh for every round of a term. ReadIndex and its response: the asker's request id.</summary>
    public ulong Round { get; init; }

    /// <summary>RequestVote and RequestPreVote: the election was asked for by the leader (leadership transfer), so leader stickiness does not hold.</summary>
    public bool Transfer { get; init; }

    /// <summary>InstallSnapshot: the configuration as of <see cref="Index"/>.</summary>
    public Configuration? Configuration { get; init; }
}
