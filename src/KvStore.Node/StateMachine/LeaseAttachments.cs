namespace KvStore.Node.StateMachine;

/// <summary>Which keys hang on which lease, as far as writes are concerned.</summary>
internal sealed class LeaseAttachments
{
    public const ulong None = 0;

    /// <summary>Whether a key may be attached to the lease. No lease has been granted, so none may.</summary>
    public bool MayAttach(ulong lease) => lease == None;

    /// <summary>A key was written or deleted: what it was attached to before and is now; <see cref="None"/> on either side is no lease. Called for changes only.</summary>
    public void Move(HostedRange range, ReadOnlySpan<byte> key, ulong before, ulong after)
    {
    }
}
