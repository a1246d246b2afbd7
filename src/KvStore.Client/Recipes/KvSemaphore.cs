using KvStore.Client.Internal.Recipes;
using KvStore.Client.Locks;

namespace KvStore.Client.Recipes;

/// <summary>
/// A semaphore: at most so many hold a permit at once. A permit is the lock of one of its slots, so it renews itself, says when it is lost, and has a fence. Thread-safe.
/// </summary>
/// <remarks>
/// Promise: never more permits than slots, by the servers; a holder that lost its permit without noticing cannot write with that permit's <see cref="KvLock.Fence"/> once the slot has another
/// holder. Those who wait are served in order of arrival as long as they can reach the cluster; a <see cref="TryAcquireAsync"/> may overtake them. All users have to name the same number of
/// permits: the greatest one counts. Whoever waits at the front holds a claim, and a lease, for each slot.
/// </remarks>
/// <example>
/// <code>
/// var semaphore = new KvSemaphore(client, "reports", permits: 3);
/// await using var permit = await semaphore.AcquireAsync();
/// await WriteReportAsync(permit.Lost);
/// await client.PutAsync("report/last", "done", new KvWriteOptions { Fence = permit.Fence });
/// </code>
/// </example>
public sealed class KvSemaphore
{
    /// <summary>The most permits that a semaphore can have.</summary>
    public const int PermitsMax = 100;

    private readonly KvClient _client;
    private readonly TimeProvider _time;

    /// <param name="client">Whose cluster holds the semaphore.</param>
    /// <param name="name">1 to 500 bytes without '/'. The locks are named <c>semaphore/NAME/gate</c> and <c>semaphore/NAME/0</c> and so on.</param>
    /// <param name="permits">From 1 to <see cref="PermitsMax"/>.</param>
    /// <exception cref="KvInvalidArgumentException">A limit is broken.</exception>
    public KvSemaphore(KvClient client, string name, int permits)
    {
        ArgumentNullException.ThrowIfNull(client);
        if (permits is < 1 or > PermitsMax) throw new KvInvalidArgumentException($"A semaphore has from 1 to {PermitsMax} permits; {permits} were asked for.");
        (_client, _time, Name, Permits) = (client, client.Options.TimeProvider, RecipeNames.Part(name, "semaphore's name"), permits);
    }

    /// <summary>The semaphore's name.</summary>
    public string Name { get; }

    /// <summary>How many may hold one at once.</summary>
    public int Permits { get; }

    /// <summary>Waits until there is a permit for this caller. It is given back when it is released or disposed, or with the end of its lease.</summary>
    /// <param name="options">Null: the defaults.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="KvTimeoutException"><see cref="KvLockOptions.Wait"/> was over before.</exception>
    /// <exception cref="KvUnavailableException">No node could answer for longer than <see cref="KvClientOptions.Timeout"/>.</exception>
    /// <exception cref="KvInvalidArgumentException">A limit is broken.</exception>
    public async Task<KvLock> AcquireAsync(KvLockOptions? options = null, CancellationToken cancellationToken = default)
    {
        options ??= new();
        var started = _time.GetTimestamp();
        // One at a time stands in line at all slots, the others here. Losing the gate costs the order, not the limit.
        await using var gate = await _client.Locks.AcquireAsync($"semaphore/{Name}/gate", options, cancellationToken).ConfigureAwait(false);
        return await TryAcquireAsync(options, cancellationToken).ConfigureAwait(false) ?? await FirstAsync(Left(options, started), cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Takes a permit if there is one; does not wait.</summary>
    /// <returns>Null: there is none.</returns>
    /// <exception cref="KvUnavailableException">No node could answer in time.</exception>
    /// <exception cref="KvInvalidArgumentException">A limit is broken.</exception>
    public async Task<KvLock?> TryAcquireAsync(KvLockOptions? options = null, CancellationToken cancellationToken = default)
    {
        var first = Random.Shared.Next(Permits);
        for (var i = 0; i < Permits; i++)
        {
            var slot = SlotName((first + i) % Permits);
            if ((await _client.Locks.DescribeAsync(slot, 1, cancellationToken).ConfigureAwait(false)).Holder is not null) continue;
            if (await _client.Locks.TryAcquireAsync(slot, options, cancellationToken).ConfigureAwait(false) is { } permit) return permit;
        }
        return null;
    }

    /// <summary>How many permits are held now. The slots are asked one after the other, so that the sum may never have been true at one moment.</summary>
    /// <exception cref="KvUnavailableException">No node could answer in time.</exception>
    public async Task<int> CountHeldAsync(CancellationToken cancellationToken = default)
    {
        var held = 0;
        for (var slot = 0; slot < Permits; slot++)
            if ((await _client.Locks.DescribeAsync(SlotName(slot), 1, cancellationToken).ConfigureAwait(false)).Holder is not null) held++;
        return held;
    }

    private string SlotName(int slot) => $"semaphore/{Name}/{slot}";

    private KvLockOptions Left(KvLockOptions options, long started)
    {
        if (options.Wait is not { } whole) return options;
        var left = whole - _time.GetElapsedTime(started);
        return options with { Wait = left > TimeSpan.Zero ? left : TimeSpan.Zero };
    }

    /// <summary>Stands in line at all slots and takes the first that comes.</summary>
    private async Task<KvLock> FirstAsync(KvLockOptions options, CancellationToken cancellationToken)
    {
        using var enough = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var waiting = Enumerable.Range(0, Permits).Select(slot => _client.Locks.AcquireAsync(SlotName(slot), options, enough.Token)).ToList();
        Task<KvLock> first;
        do
        {
            first = await Task.WhenAny(waiting).ConfigureAwait(false);
            waiting.Remove(first);
        }
        while (!first.IsCompletedSuccessfully && waiting.Count > 0);
        await enough.CancelAsync().ConfigureAwait(false);
        foreach (var other in waiting)
        {
            await ((Task)other).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (other.IsCompletedSuccessfully) await (await other.ConfigureAwait(false)).DisposeAsync().ConfigureAwait(false);
        }
        return await first.ConfigureAwait(false);
    }
}
