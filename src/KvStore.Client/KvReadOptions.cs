namespace KvStore.Client;

/// <summary>How one read is done.</summary>
public sealed record KvReadOptions
{
    /// <summary>How fresh the answer must be.</summary>
    public KvConsistency Consistency { get; init; } = KvConsistency.Linearizable;

    /// <summary>The greatest age of the answer, for <see cref="KvConsistency.Bounded"/>. Between 1 ms and 49 days; default 5 s.</summary>
    public TimeSpan MaxStaleness { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Read the key as it was at this revision of its range; 0: now. A revision whose history is gone throws <see cref="KvCompactedException"/>.</summary>
    public ulong Revision { get; init; }

    /// <summary>The time the call may take, all attempts together; null: <see cref="KvClientOptions.Timeout"/>.</summary>
    public TimeSpan? Timeout { get; init; }
}
