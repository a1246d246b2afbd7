namespace KvStore.Raft;

/// <summary>
/// One batch of work. The host must, in this order:
/// (1) send <see cref="Messages"/> at any time; (2) make <see cref="HardState"/> durable, then <see cref="Entries"/>
/// (an entry at an index replaces whatever was stored at and after it); (3) only then send
/// <see cref="MessagesAfterSync"/> and call <see cref="RaftNode.Persisted"/> (and <see cref="RaftNode.HardStatePersisted"/>);
/// (4) apply <see cref="Committed"/> in order at any time and call <see cref="RaftNode.Applied"/>.
/// Several batches may be in flight; they must be made durable in the order in which they were given out.
/// "Sent before it was synced" is the commonest Raft bug: a message in MessagesAfterSync speaks for this batch's hard
/// state and entries.
/// </summary>
public sealed class Ready
{
    public HardState? HardState { get; init; }
    public IReadOnlyList<Entry> Entries { get; init; } = [];
    public IReadOnlyList<RaftMessage> Messages { get; init; } = [];
    public IReadOnlyList<RaftMessage> MessagesAfterSync { get; init; } = [];
    public IReadOnlyList<Entry> Committed { get; init; } = [];
    public IReadOnlyList<ReadState> ReadStates { get; init; } = [];
    /// <summary>Followers that need a RaftSnapshot: the host streams one and then calls <see cref="RaftNode.ReportSnapshot"/>.</summary>
    public IReadOnlyList<ReplicaId> SnapshotsToSend { get; init; } = [];
    /// <summary>Set when an InstallSnapshot message was accepted: the log now starts behind it; the host drops its stored log and switches its state machine.</summary>
    public SnapshotMetadata? InstalledSnapshot { get; init; }
    public bool IsEmpty => HardState is null && Entries.Count == 0 && Messages.Count == 0 && MessagesAfterSync.Count == 0
        && Committed.Count == 0 && ReadStates.Count == 0 && SnapshotsToSend.Count == 0 && InstalledSnapshot is null;
}
