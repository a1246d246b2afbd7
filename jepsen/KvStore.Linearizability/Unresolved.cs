namespace KvStore.Linearizability;

/// <summary>Why part of a history stayed undecided.</summary>
public enum UnresolvedReason
{
    /// <summary><see cref="CheckOptions.MemoryBytesMax"/>.</summary>
    Memory,

    /// <summary><see cref="CheckOptions.StepsMax"/>.</summary>
    Steps,

    /// <summary><see cref="CheckOptions.TimeMax"/>.</summary>
    Time,

    /// <summary>More than 2,000,000 operations on one key, or on keys that transactions connect.</summary>
    TooManyOperations,
}

/// <summary>Keys whose operations were neither ordered nor shown to be impossible to order: one key, or several that transactions connect.</summary>
public sealed record Unresolved(IReadOnlyList<string> Keys, UnresolvedReason Reason);
