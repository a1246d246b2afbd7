using KvStore.Client.Leases;

namespace KvStore.Client.Locks;

/// <summary>Settings of one acquisition.</summary>
public sealed record KvLockOptions
{
    /// <summary>
    /// How long the lock stays this caller's when it can no longer renew it, from <see cref="KvLeases.TimeToLiveMin"/> on. Default 10 s. The shorter, the sooner another one goes on after a crash; a pause
    /// of the process that is longer loses the lock.
    /// </summary>
    public TimeSpan TimeToLive { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long to wait for it; null: until it is cancelled.</summary>
    public TimeSpan? Wait { get; init; }

    /// <summary>Shown to whoever describes the lock, such as who holds it and why; at most 4,096 bytes.</summary>
    public KvBytes Value { get; init; }
}
