using KvStore.Client.Internal.Locks;
using KvStore.Client.Leases;

namespace KvStore.Client.Locks;

/// <summary>
/// A lock that is held until it is released or disposed, or <see cref="Lost"/>. What must not be done by two at once is done with <see cref="Fence"/>: a process can stand still between looking
/// at <see cref="Lost"/> and writing, but the servers refuse a token once it is old. Thread-safe.
/// </summary>
public sealed class KvLock : IAsyncDisposable
{
    private readonly KvClient _client;
    private readonly LockCalls _calls;
    private readonly KvLease _lease;
    private int _released;

    internal KvLock(KvClient client, LockCalls calls, KvLease lease, KvFence fence) => (_client, _calls, _lease, Fence) = (client, calls, lease, fence);

    /// <summary>The lock's name.</summary>
    public string Name => Fence.Lock;

    /// <summary>Greater than that of every earlier acquisition of this lock, for ever.</summary>
    public ulong FencingToken => Fence.Token;

    /// <summary>To be given to writes: <see cref="KvWriteOptions.Fence"/>.</summary>
    public KvFence Fence { get; }

    /// <summary>Cancelled before another one can have the lock, by this process's monotonic clock: see <see cref="KvLease.Lost"/>. Releasing does not cancel it.</summary>
    public CancellationToken Lost => _lease.Lost;

    /// <summary>How long the lock certainly stays this caller's without a further renewal; zero: nothing is certain.</summary>
    public TimeSpan SafeFor => _lease.SafeFor;

    internal KvLeaseId Lease => _lease.Id;

    /// <summary>Gives up the lock; whoever waits next gets it. Once; later calls do nothing.</summary>
    /// <exception cref="KvUnavailableException">No node could be told in time: the lock ends with its lease.</exception>
    public async Task ReleaseAsync(CancellationToken cancellationToken = default)
    {
        if (Interlocked.Exchange(ref _released, 1) != 0) return;
        try
        {
            await _calls.ReleaseAsync(Name, FencingToken, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            await _client.Locks.LetGoAsync(_lease, Name).ConfigureAwait(false);
        }
    }

    /// <summary>As <see cref="ReleaseAsync"/>; when the cluster cannot be reached the lock ends with its lease, and nothing is thrown.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _released, 1) != 0) return;
        // The end of its lease releases it, too.
        await _client.Locks.LetGoAsync(_lease, Name).ConfigureAwait(false);
    }
}
