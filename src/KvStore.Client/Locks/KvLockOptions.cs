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

    /// <summary>Whether it is kept for as long as this process lives and does not release it.</summary>
    public KvLockRenewal Renewal { get; init; }

    /// <summary>How long to wait for it; null: until it is cancelled.</summary>
    public TimeSpan? Wait { get; init; }

    /// <summary>Shown to whoever describes the lock, such as who holds it and why; at most 4,096 bytes.</summary>
    public KvBytes Value { get; init; }
}

/// <summary>How long a lock is kept that is not released.</summary>
public enum KvLockRenewal
{
    /// <summary>It is renewed until it is released, so that it ends only when the process or its connections do.</summary>
    Automatic,
    /// <summary>It ends <see cref="KvLockOptions.TimeToLive"/> after it was last renewed, which is at the latest when it was acquired: for work that must not hold others up for longer.</summary>
    None,
}
