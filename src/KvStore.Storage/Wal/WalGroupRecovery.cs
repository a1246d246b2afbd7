using KvStore.Raft;

namespace KvStore.Storage.Wal;

/// <summary>
/// What the WAL knows of one group at start. The log starts after CompactedIndex ((0, 0) when nothing was compacted); Entries are contiguous from there.
/// </summary>
public sealed record WalGroupRecovery(
    GroupId Group,
    HardState HardState,
    LogIndex CompactedIndex,
    Term CompactedTerm,
    IReadOnlyList<Entry> Entries);
