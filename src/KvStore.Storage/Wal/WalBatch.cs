using KvStore.Raft;

namespace KvStore.Storage.Wal;

/// <summary>What one <see cref="Wal.Write"/> makes durable with one sync: hard states first (votes file), then records of many groups.</summary>
public sealed class WalBatch
{
    public List<(GroupId Group, HardState State)> HardStates { get; } = [];
    public List<WalRecord> Records { get; } = [];
    public bool IsEmpty => HardStates.Count == 0 && Records.Count == 0;
    public void Clear() { HardStates.Clear(); Records.Clear(); }
}

/// <summary>One record of a group. Kinds are persisted numbers.</summary>
public readonly record struct WalRecord(GroupId Group, WalRecordKind Kind, IReadOnlyList<Entry> Entries, LogIndex Index, Term Term)
{
    /// <summary>Appends entries; an entry at an index replaces whatever the group's log had at and after it.</summary>
    public static WalRecord Append(GroupId group, IReadOnlyList<Entry> entries) => new(group, WalRecordKind.Entries, entries, default, default);
    /// <summary>The log up to and with <paramref name="index"/> is covered by a verified checkpoint and may be forgotten.</summary>
    public static WalRecord Compacted(GroupId group, LogIndex index, Term term) => new(group, WalRecordKind.Compacted, [], index, term);
    /// <summary>The whole log is replaced by a RaftSnapshot that ends at (index, term).</summary>
    public static WalRecord Reset(GroupId group, LogIndex index, Term term) => new(group, WalRecordKind.Reset, [], index, term);
    /// <summary>The replica was removed from this node; all of its log is forgotten.</summary>
    public static WalRecord Removed(GroupId group) => new(group, WalRecordKind.Removed, [], default, default);
}

public enum WalRecordKind : byte { Entries = 1, Compacted = 2, Reset = 3, Removed = 4, Seal = 5 }
