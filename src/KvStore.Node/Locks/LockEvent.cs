namespace KvStore.Node.Locks;

/// <summary>Something that one entry did to a lock, for those who wait on this node; no part of the state.</summary>
internal readonly record struct LockEvent(LockEventKind Kind, string Lock, ulong Lease, ulong Token);

internal enum LockEventKind
{
    /// <summary>The lease's claim now holds the lock.</summary>
    Granted,
    /// <summary>The lease's claim no longer waits: it was withdrawn or its lease has ended.</summary>
    Dropped,
    /// <summary>The lock has another holder, or none, or the holder has another value.</summary>
    Changed,
}
