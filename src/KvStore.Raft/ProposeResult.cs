namespace KvStore.Raft;

/// <summary><see cref="Index"/> and <see cref="Term"/> name the appended entry when accepted.</summary>
public readonly record struct ProposeResult(ProposeStatus Status, LogIndex Index, Term Term, string? Reason = null);
