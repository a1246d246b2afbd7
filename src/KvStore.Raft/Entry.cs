namespace KvStore.Raft;

/// <summary>One entry of a Raft log. Immutable; the payload must not be written to after the entry was made.</summary>
public sealed class Entry(Term term, LogIndex index, EntryKind kind, ReadOnlyMemory<byte> payload)
{
    public Term Term { get; } = term;
    public LogIndex Index { get; } = index;
    public EntryKind Kind { get; } = kind;
    public ReadOnlyMemory<byte> Payload { get; } = payload;

    /// <summary>Bytes that this entry counts for in limits: its payload and a fixed overhead.</summary>
    public int Size => Payload.Length + OverheadBytes;

    /// <summary>What an entry counts for beside its payload.</summary>
    public const int OverheadBytes = 32;

    public override string ToString() => $"{Term}/{Index} {Kind} {Payload.Length} B";
}
