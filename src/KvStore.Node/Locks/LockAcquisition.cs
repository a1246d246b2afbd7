using KvStore.Node.Leases;
using KvStore.Node.StateMachine;

namespace KvStore.Node.Locks;

/// <summary>What a caller asks of <see cref="NodeLocks.Acquire"/>.</summary>
public sealed record LockAcquisition(string Lock, LeaseId Lease)
{
    /// <summary>Shown to whoever describes the lock; at most <see cref="LockLimits.ValueBytesMax"/> bytes.</summary>
    public ReadOnlyMemory<byte> Value { get; init; }
    public LockPatience Patience { get; init; }
    /// <summary>None: a repetition is recognized by its lease alone, as long as the claim stands.</summary>
    public SessionId Session { get; init; }
    public ulong Sequence { get; init; }
    public ulong LowestAwaited { get; init; }
}

/// <summary>What a claim does when the lock is not free.</summary>
public enum LockPatience
{
    Queue = 0,
    OnlyIfFree = 1,
}
