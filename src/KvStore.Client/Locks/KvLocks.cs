using KvStore.Client.Internal;
using KvStore.Client.Internal.Locks;
using KvStore.Client.Leases;

namespace KvStore.Client.Locks;

/// <summary>
/// Locks. Whoever holds one has a fencing token, greater than all before it of that lock; writes that carry it (<see cref="KvWriteOptions.Fence"/>) are refused by the servers, in every
/// range, from the moment that somebody else has acquired the lock. Thread-safe.
/// </summary>
public sealed class KvLocks
{
    private readonly KvClient _client;
    private readonly LockCalls _calls;

    internal KvLocks(KvClient client)
    {
        _client = client;
        _calls = new LockCalls(client);
    }

    /// <summary>Waits until the lock is this caller's. Those who wait are served in order of arrival. The lock is kept by a lease that renews itself until it is released.</summary>
    /// <param name="name">The lock's name, 1 to 1,024 bytes of UTF-8.</param>
    /// <param name="options">Null: the defaults.</param>
    /// <param name="cancellationToken">Ends the wait; the place in the queue is given up.</param>
    /// <exception cref="KvTimeoutException"><see cref="KvLockOptions.Wait"/> was over before.</exception>
    /// <exception cref="KvUnavailableException">No node could answer for longer than <see cref="KvClientOptions.Timeout"/>.</exception>
    /// <exception cref="KvResourceExhaustedException">10,000 wait already, or there are too many locks.</exception>
    /// <exception cref="KvInvalidArgumentException">A limit is broken.</exception>
    public async Task<KvLock> AcquireAsync(string name, KvLockOptions? options = null, CancellationToken cancellationToken = default)
    {
        options ??= new();
        return await ClaimAsync(name, options, options.Wait, cancellationToken).ConfigureAwait(false)
            ?? throw new KvTimeoutException($"acquire lock '{name}': somebody else has held it for {FailureTranslation.Seconds(options.Wait ?? default)}");
    }

    /// <summary>Takes the lock if it is free; does not wait.</summary>
    /// <returns>Null: it is not free.</returns>
    /// <inheritdoc cref="AcquireAsync"/>
    public Task<KvLock?> TryAcquireAsync(string name, KvLockOptions? options = null, CancellationToken cancellationToken = default) =>
        ClaimAsync(name, options ?? new(), TimeSpan.Zero, cancellationToken);

    /// <summary>Who holds the lock, who waits for it, and which groups have still to refuse the last token before the next one is given out.</summary>
    /// <param name="name">The lock's name.</param>
    /// <param name="waitingMax">How many of those that wait are listed, from 1 to 10,000.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <exception cref="KvUnavailableException">No node could answer in time.</exception>
    public Task<KvLockDescription> DescribeAsync(string name, int waitingMax = 100, CancellationToken cancellationToken = default)
    {
        LockCalls.Check(name, default);
        ArgumentOutOfRangeException.ThrowIfLessThan(waitingMax, 1);
        return _calls.DescribeAsync(name, waitingMax, cancellationToken);
    }

    internal async Task<KvLock?> ClaimAsync(string name, KvLockOptions options, TimeSpan? wait, CancellationToken cancellationToken)
    {
        LockCalls.Check(name, options.Value);
        var started = _client.Options.TimeProvider.GetTimestamp();
        while (true)
        {
            var lease = await _client.Leases.GrantAsync(options.TimeToLive, LockCalls.Near(name), cancellationToken).ConfigureAwait(false);
            KvLock? held = null;
            try
            {
                var left = wait is { } whole ? Max(whole - _client.Options.TimeProvider.GetElapsedTime(started), TimeSpan.Zero) : (TimeSpan?)null;
                using var until = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, lease.Lost);
                var token = await _calls.AcquireAsync(name, lease.Id, options.Value, left, until.Token).ConfigureAwait(false);
                if (token == 0) return null;
                if (options.Renewal == KvLockRenewal.None) lease.StopRenewal();
                return held = new KvLock(_client, _calls, lease, new KvFence(name, token));
            }
            catch (Exception e) when (e is KvLeaseNotFoundException or OperationCanceledException && !cancellationToken.IsCancellationRequested)
            {
                // The lease ended while its claim waited, which a cluster out of reach can cause: the next claim stands at the end of the queue.
                Log.LeaseLeft(_client.Dispatcher.Log, name, e.Message);
            }
            finally
            {
                if (held is null) await LetGoAsync(lease, name).ConfigureAwait(false);
            }
        }
    }

    /// <summary>With the lease goes its claim.</summary>
    internal async Task LetGoAsync(KvLease lease, string name)
    {
        try
        {
            await lease.DisposeAsync().ConfigureAwait(false);
        }
        catch (KvException e)
        {
            Log.LeaseLeft(_client.Dispatcher.Log, name, e.Message);
        }
    }

    private static TimeSpan Max(TimeSpan a, TimeSpan b) => a > b ? a : b;
}
