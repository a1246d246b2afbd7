namespace KvStore.Client.Leases;

/// <summary>Settings of a grant.</summary>
public sealed record KvLeaseOptions
{
    /// <summary>A key that the lease is to be near: the group that holds it owns the lease, so that writes of the key with the lease involve no other group. Empty: the cluster chooses.</summary>
    public KvBytes NearKey { get; init; }

    /// <summary>The keyspace of <see cref="NearKey"/>; null: the client's default.</summary>
    public string? Keyspace { get; init; }

    /// <summary>The time the grant may take, all attempts together; null: <see cref="KvClientOptions.Timeout"/>.</summary>
    public TimeSpan? Timeout { get; init; }
}
