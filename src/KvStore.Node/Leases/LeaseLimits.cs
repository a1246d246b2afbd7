namespace KvStore.Node.Leases;

/// <summary>Limits of leases. All but the table's size are frozen: apply checks them, so that all replicas must agree.</summary>
public static class LeaseLimits
{
    /// <summary>Shorter ones would not outlive a change of leaders.</summary>
    public static readonly TimeSpan TimeToLiveMin = TimeSpan.FromSeconds(1);
    /// <summary>etcd's greatest, about 285 years.</summary>
    public static readonly TimeSpan TimeToLiveMax = TimeSpan.FromSeconds(9_000_000_000);
    /// <summary>Leases of one group with their attached keys, in bytes, until a grant says otherwise.</summary>
    public const ulong TableBytesMaxDefault = 256UL << 20;

    /// <summary>Most leases that one entry ends, and most attached keys that one entry deletes: what ends together is spread over entries, so that writes go on in between.</summary>
    public const int EndsPerEntryMax = 1000;
    /// <summary>Most leases that one command names.</summary>
    public const int LeasesPerCommandMax = 1000;
    /// <summary>How long, in group time, another group's lease may stay announced here without a confirmation.</summary>
    internal const ulong PendingMicroseconds = 60_000_000;

    /// <summary>What a lease, an attached key (besides its bytes) and a registered group count for.</summary>
    internal const long LeaseBytes = 256, KeyBytes = 128, UserBytes = 48;
}
