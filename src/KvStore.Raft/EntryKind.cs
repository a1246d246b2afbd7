namespace KvStore.Raft;

/// <summary>What an entry's payload is. Persisted numbers: never reuse one.</summary>
public enum EntryKind : byte
{
    /// <summary>A payload of the state machine, opaque to the algorithm.</summary>
    Normal = 1,
    /// <summary>The empty entry with which a leader starts its term (dissertation §6.4).</summary>
    TermStart = 2,
    /// <summary>The <see cref="Configuration"/> from this entry on, whole, in the encoding of that type.</summary>
    ConfigurationChange = 3,
}
