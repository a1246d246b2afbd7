namespace KvStore.Client;

/// <summary>How one write is done.</summary>
public sealed record KvWriteOptions
{
    /// <summary>The time the call may take, all attempts together; null: <see cref="KvClientOptions.Timeout"/>.</summary>
    public TimeSpan? Timeout { get; init; }
}
