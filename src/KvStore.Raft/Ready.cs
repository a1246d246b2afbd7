namespace KvStore.Raft;

/// <summary>
/// One batch of work. The host must, in this order:
/// (1) send <see cref="Messages"/> at any time; (2) make <see cref="HardState"/> durable, then <see cref="Entries"/>
/// (an entry at an index replaces whatever was stored at and after it); (3) only then send
/// <see cref="MessagesAfterSync"/> and call <see cref="RaftNode.Persisted"/> (and <see cref="RaftNode.HardStatePersisted"/>);
/// (4) apply <see cref="Committed"/> in order at any time and call <see cref="RaftNode.Applied"/>.
/// Several batches may be in flight; they must be made durable in the order in which they were given out, and each batch with
/// entries is acknowledged by its own call of Persisted with its last entry.
/// "Sent before it was synced" is the commonest Raft bug: a message in MessagesAfterSync speaks for this batch's hard
/// state and entries and those of all batches before it, also when this batch has none.
/// </summary>
public sealed class Ready
{
    public HardState? HardState { get; init; }
    public IReadOnlyList<Entry> Entries { get; init; } = [];
    public IReadOnlyList<RaftMessage> Messages { get; init; } = [];
    public IReadOnlyList<RaftMessage> MessagesAfterSync { get; init; } = [];
    /// <summary>Entries to apply: committed, and durable on this replica (acknowledged by <see cref="RaftNode.Persisted"/>), so a checkpoint never covers an entry that the WAL lacks.</summary>
    public IReadOnlyList<Entry> Committed { get; init; } = [];
    public IReadOnlyList<ReadState> ReadStates { get; init; } = [];
    /// <summary>Followers that need a RaftSnapshot: the host streams one and then calls <see cref="RaftNode.ReportSnapshot"/>.</summary>
    public IReadOnlyList<ReplicaId> SnapshotsToSend { get; init; } = [];
    /// <summary>Set when an InstallSnapshot message was accepted: the log now starts behind it; the host drops its stored log and switches its state machine.</summary>
    /// <remarks>It comes before this batch's entries; applications of earlier batches that are still under way no longer matter.</remarks>
    public SnapshotMetadata? InstalledSnapshot { get; init; }
    public bool IsEmpty => HardState is null && Entries.Count == 0 && Messages.Count == 0 && MessagesAfterSync.Count == 0
        && Committed.Count == 0 && ReadStates.Count == 0 && SnapshotsToSend.Count == 0 && InstalledSnapshot is null;
}
