namespace KvStore.Client;

/// <summary>How a scan is done.</summary>
public sealed record KvScanOptions
{
    /// <summary>How fresh the answer must be; all pages of a range come from the state that its first page saw.</summary>
    public KvConsistency Consistency { get; init; } = KvConsistency.Linearizable;

    /// <summary>The greatest age of the answer, for <see cref="KvConsistency.Bounded"/>. Between 1 ms and 49 days; default 5 s.</summary>
    public TimeSpan MaxStaleness { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Ascending or descending.</summary>
    public KvScanOrder Order { get; init; }

    /// <summary>Keys with their values, or keys alone.</summary>
    public KvScanContent Content { get; init; }

    /// <summary>Keys that are fetched at a time; 0: as many as fit in 1 MiB.</summary>
    public int PageSize { get; init; }

    /// <summary>The scan ends after so many keys; 0: no limit.</summary>
    public long Limit { get; init; }

    /// <summary>The time that one page may take, all attempts together; null: <see cref="KvClientOptions.Timeout"/>.</summary>
    public TimeSpan? Timeout { get; init; }
}

/// <summary>The order of a scan.</summary>
public enum KvScanOrder
{
    /// <summary>From the first key to the last.</summary>
    Ascending,
    /// <summary>From the last key to the first.</summary>
    Descending,
}

/// <summary>What a scan brings.</summary>
public enum KvScanContent
{
    /// <summary>Keys and values.</summary>
    KeysAndValues,
    /// <summary>Keys with their revisions; values stay empty.</summary>
    KeysOnly,
}
