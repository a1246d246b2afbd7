namespace KvStore.Node.Locks;

/// <summary>Who holds a lock or waits for it: a lease, with the value that an election shows of it.</summary>
internal sealed class LockClaim(ulong lease, ReadOnlyMemory<byte> value)
{
    /// <summary>What a claim counts for beside its value. Frozen: the table's limit must fall at the same entry on all replicas.</summary>
    public const long ClaimBytes = 128;

    public ulong Lease { get; } = lease;
    public ReadOnlyMemory<byte> Value { get; set; } = value;
    public long Bytes => ClaimBytes + Value.Length;
}
