namespace KvStore.Client;

/// <summary>How one write is done.</summary>
public sealed record KvWriteOptions
{
    /// <summary>The time the call may take, all attempts together; null: <see cref="KvClientOptions.Timeout"/>.</summary>
    public TimeSpan? Timeout { get; init; }

    /// <summary>The lease with which the key ends; it has to be alive, else <see cref="KvLeaseNotFoundException"/>. Only puts take one, and a put without one detaches the key.</summary>
    public KvLeaseId Lease { get; init; }

    /// <summary>The lock that the caller must still hold; null: none. A token that is no longer the holder's is refused with <see cref="KvFencedException"/>.</summary>
    public KvFence? Fence { get; init; }
}
