using KvStore.Node.Leases;

namespace KvStore.Node.StateMachine;

/// <summary>Which keys hang on which lease, as far as writes are concerned.</summary>
internal sealed class LeaseAttachments(LeaseTable leases)
{
    public const ulong None = 0;

    /// <summary>Whether a key may be attached to the lease, room aside.</summary>
    public bool MayAttach(ulong lease) => lease == None || leases.IsLive(new LeaseId(lease));

    /// <summary>Whether the key may be written under the lease: <see cref="CommandStatus.Ok"/>, or why not.</summary>
    /// <param name="alsoAttached">Bytes that will be attached together with the key.</param>
    public CommandStatus Check(HostedRange range, ReadOnlySpan<byte> key, ulong lease, long alsoAttached = 0)
    {
        if (lease == None) return CommandStatus.Ok;
        if (!MayAttach(lease)) return CommandStatus.LeaseNotFound;
        var hasRoom = leases.HasRoom(alsoAttached + BytesOf(key)) || (range.Store.TryGetNewest(key, out var state) && state.Lease == lease);
        return hasRoom ? CommandStatus.Ok : CommandStatus.ResourceExhausted;
    }

    /// <summary>What an attached key counts for.</summary>
    public static long BytesOf(ReadOnlySpan<byte> key) => LeaseLimits.KeyBytes + key.Length;

    /// <summary>A key was written or deleted: what it was attached to before and is now; <see cref="None"/> on either side is no lease. Called for changes only.</summary>
    public void Move(HostedRange range, ReadOnlySpan<byte> key, ulong before, ulong after)
    {
        var attached = new AttachedKey(range.Descriptor.Keyspace, key.ToArray());
        if (before != None) leases.Detach(new LeaseId(before), attached);
        if (after != None) leases.Attach(new LeaseId(after), attached);
    }
}
