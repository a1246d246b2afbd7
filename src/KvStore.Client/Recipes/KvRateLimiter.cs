using KvStore.Client.Internal.Recipes;
using KvStore.Client.Leases;

namespace KvStore.Client.Recipes;

/// <summary>
/// Limits how often something happens in the whole cluster: so many permits a window. A window is a lease that nobody renews, so its length is measured by the cluster alone, and no clock of a
/// client takes part. Thread-safe.
/// </summary>
/// <remarks>
/// Promise: at most <see cref="Permits"/> are granted in a window, exactly once each; windows are granted at least <see cref="Window"/> apart, the first one when somebody asks. In the long run there are
/// at most <see cref="Permits"/> a <see cref="Window"/>; an interval as long as a window sees at most twice as many, and three times as many if the client that opened a window stood still for as
/// long while it did. A window ends late rather than early, by up to an election timeout when leaders change. Every grant is a write of one key, so a limiter grants no faster than one key can be
/// written: split a faster limit over several names. There is no order among those who wait.
/// </remarks>
/// <example>
/// <code>
/// var limiter = new KvRateLimiter(client, "sms", permits: 100, window: TimeSpan.FromMinutes(1));
/// var limit = await limiter.TryAcquireAsync();
/// if (!limit.Granted) Console.WriteLine($"again in {limit.RetryAfter}");
/// </code>
/// </example>
public sealed class KvRateLimiter
{
    private readonly KvClient _client;
    private readonly KvKeyspace _keyspace;
    private readonly string _key;
    /// <summary>One request of this object at a time, so that they do not swap against each other.</summary>
    private readonly SemaphoreSlim _gate = new(1, 1);
    /// <summary>As last seen; null: nothing is known. Used under the gate.</summary>
    private KvEntry? _seen;

    /// <param name="client">Its default keyspace holds the state.</param>
    /// <param name="name">1 to 500 bytes without '/'. The key is <c>limits/NAME</c>.</param>
    /// <param name="permits">In a window; at least 1. All users have to name the same.</param>
    /// <param name="window">From <see cref="KvLeases.TimeToLiveMin"/> to <see cref="KvLeases.TimeToLiveMax"/>. All users have to name the same.</param>
    /// <exception cref="KvInvalidArgumentException">A limit is broken.</exception>
    public KvRateLimiter(KvClient client, string name, int permits, TimeSpan window)
    {
        ArgumentNullException.ThrowIfNull(client);
        if (permits < 1) throw new KvInvalidArgumentException($"A rate limiter has at least 1 permit; {permits} were asked for.");
        if (window < KvLeases.TimeToLiveMin || window > KvLeases.TimeToLiveMax) throw new KvInvalidArgumentException($"The window is {window}; it must be from {KvLeases.TimeToLiveMin} to {KvLeases.TimeToLiveMax}.");
        (_client, Name, Permits, Window) = (client, RecipeNames.Part(name, "rate limiter's name"), permits, window);
        (_keyspace, _key) = (client.Keyspace(client.Options.DefaultKeyspace), $"limits/{name}");
    }

    /// <summary>The limiter's name.</summary>
    public string Name { get; }

    /// <summary>In a window.</summary>
    public int Permits { get; }

    /// <summary>A window's length.</summary>
    public TimeSpan Window { get; }

    /// <summary>Takes permits if the window still has so many; does not wait.</summary>
    /// <param name="permits">From 1 to <see cref="Permits"/>.</param>
    /// <param name="cancellationToken">Ends the attempt; the permits may be used up.</param>
    /// <exception cref="KvUnavailableException">No node could answer in time. The permits may be used up.</exception>
    /// <exception cref="KvInvalidArgumentException">So many are never granted.</exception>
    /// <exception cref="KvPreconditionFailedException">The key holds what is none of this recipe.</exception>
    public async Task<KvRateLimit> TryAcquireAsync(int permits = 1, CancellationToken cancellationToken = default)
    {
        if (permits < 1 || permits > Permits) throw new KvInvalidArgumentException($"{permits} permits were asked for; it must be from 1 to {Permits}.");
        await _gate.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            return await TakeAsync(permits, cancellationToken).ConfigureAwait(false);
        }
        catch
        {
            _seen = null;
            throw;
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <summary>Waits until the permits are this caller's.</summary>
    /// <param name="permits">From 1 to <see cref="Permits"/>.</param>
    /// <param name="cancellationToken">Ends the wait; the permits may be used up.</param>
    /// <inheritdoc cref="TryAcquireAsync"/>
    public async Task AcquireAsync(int permits = 1, CancellationToken cancellationToken = default)
    {
        for (var refusals = 0; ; refusals++)
        {
            var limit = await TryAcquireAsync(permits, cancellationToken).ConfigureAwait(false);
            if (limit.Granted) return;
            // Not all at the same moment.
            await Task.Delay(limit.RetryAfter + _client.Dispatcher.Pause(refusals), _client.Options.TimeProvider, cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task<KvRateLimit> TakeAsync(int permits, CancellationToken cancellationToken)
    {
        _seen ??= await _keyspace.GetAsync(_key, cancellationToken: cancellationToken).ConfigureAwait(false);
        while (true)
        {
            if (_seen is { } entry && WindowCount.Read(entry) is var count)
            {
                if (count.Given <= Permits - permits)
                {
                    if (await SwapAsync(KvExpectation.ModRevision(entry.ModRevision), count with { Given = count.Given + permits }, cancellationToken).ConfigureAwait(false)) return new(true, Permits - count.Given - permits, default);
                    continue;
                }
                if (await RemainingAsync(count.Window, cancellationToken).ConfigureAwait(false) is { } remaining)
                {
                    // Only what is stored now can say no.
                    var now = await _keyspace.GetAsync(_key, cancellationToken: cancellationToken).ConfigureAwait(false);
                    if (now?.ModRevision == entry.ModRevision) return new(false, Math.Max(0, Permits - count.Given), remaining);
                    _seen = now;
                    continue;
                }
            }
            // The next window's lease is granted after the last one has ended, and counts for nothing unless it is swapped in.
            var expected = _seen is { } last ? KvExpectation.ModRevision(last.ModRevision) : KvExpectation.Absent;
            var window = await _client.Leases.GrantUnattendedAsync(Window, new KvLeaseOptions { NearKey = _key, Keyspace = _keyspace.Name }, cancellationToken).ConfigureAwait(false);
            if (await SwapAsync(expected, new WindowCount(window, permits), cancellationToken).ConfigureAwait(false)) return new(true, Permits - permits, default);
        }
    }

    private async Task<bool> SwapAsync(KvExpectation expected, WindowCount count, CancellationToken cancellationToken)
    {
        var value = count.Value;
        var result = await _keyspace.CompareAndSwapAsync(_key, expected, value, cancellationToken: cancellationToken).ConfigureAwait(false);
        _seen = result.Swapped ? new KvEntry(_key, value, 0, result.Revision, 0, default) : result.Current;
        return result.Swapped;
    }

    /// <returns>Null: the window is over.</returns>
    private async Task<TimeSpan?> RemainingAsync(KvLeaseId window, CancellationToken cancellationToken)
    {
        try
        {
            return (await _client.Leases.TimeToLiveAsync(window, cancellationToken: cancellationToken).ConfigureAwait(false)).Remaining;
        }
        catch (KvLeaseNotFoundException)
        {
            return null;
        }
    }
}
