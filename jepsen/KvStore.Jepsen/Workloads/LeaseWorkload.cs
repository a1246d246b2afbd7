using System.Collections.Concurrent;
using System.Globalization;
using KvStore.Client;
using KvStore.Jepsen.Recording;

namespace KvStore.Jepsen.Workloads;

/// <summary>
/// Leases, each with one key in some range, mostly in another group than the lease's own. Clients grant, attach, renew and read; some leases are revoked, the others are left to end.
/// </summary>
internal sealed class LeaseWorkload : IWorkload
{
    private static readonly TimeSpan Rest = TimeSpan.FromMilliseconds(60);
    private static readonly TimeSpan TimeToLiveMin = TimeSpan.FromSeconds(1.5);
    private static readonly TimeSpan TimeToLiveMax = TimeSpan.FromSeconds(6);
    /// <summary>What the end of a lease may take at last, when the cluster is whole.</summary>
    private static readonly TimeSpan EndMax = TimeSpan.FromSeconds(5);
    private static readonly string[] Prefixes = ["a", "h", "p", "u"];

    private readonly ConcurrentDictionary<Actor, Held> _held = new();
    private readonly ConcurrentDictionary<string, bool> _keys = new();
    private int _numbers;

    private sealed record Held(KvLeaseId Lease, string Key)
    {
        public bool HasKey { get; set; }
        public int StepsLeft { get; set; }
    }

    public async Task StepAsync(Actor actor, CancellationToken stop)
    {
        if (!_held.TryGetValue(actor, out var held)) await GrantAsync(actor).ConfigureAwait(false);
        else if (!await GoOnAsync(actor, held).ConfigureAwait(false)) _held.TryRemove(actor, out _);
        await Pace.RestAsync(actor, Rest, stop).ConfigureAwait(false);
    }

    public async Task<bool> FinishAsync(Actor actor)
    {
        // Another client may have renewed its lease just now.
        await Task.Delay(TimeToLiveMax + EndMax).ConfigureAwait(false);
        return await FinalReads.AllAsync(_keys.Keys.Order(StringComparer.Ordinal), key => ReadAsync(actor, key, LeaseHistory.FinalRead)).ConfigureAwait(false);
    }

    private async Task GrantAsync(Actor actor)
    {
        var timeToLive = (TimeToLiveMin + ((TimeToLiveMax - TimeToLiveMin) * actor.Random.NextDouble())).TotalMilliseconds;
        var key = string.Create(CultureInfo.InvariantCulture, $"{Prefixes[actor.Random.Next(Prefixes.Length)]}/lease/{Interlocked.Increment(ref _numbers)}");
        await actor.WriteAsync(key, LeaseHistory.Grant, (int)timeToLive, async client =>
        {
            var lease = await client.Leases.GrantUnattendedAsync(TimeSpan.FromMilliseconds((int)timeToLive)).ConfigureAwait(false);
            _keys[key] = true;
            _held[actor] = new Held(lease, key) { StepsLeft = actor.Random.Next(40) };
            return lease.ToString();
        }).ConfigureAwait(false);
    }

    /// <returns>Whether the lease is kept.</returns>
    private static async Task<bool> GoOnAsync(Actor actor, Held held)
    {
        if (held.StepsLeft-- == 0)
        {
            if (actor.Random.Next(3) == 0) await RevokeAsync(actor, held).ConfigureAwait(false);
            return false;
        }

        if (!held.HasKey)
        {
            held.HasKey = await actor.WriteAsync(held.Key, LeaseHistory.Put, null, async client => await FoundAsync(async () =>
                await client.PutAsync(held.Key, "held", new KvWriteOptions { Lease = held.Lease }).ConfigureAwait(false)).ConfigureAwait(false)).ConfigureAwait(false);
        }
        else if (actor.Random.Next(3) == 0)
        {
            await actor.WriteAsync(held.Key, LeaseHistory.Renew, null, async client => await FoundAsync(() => client.Leases.KeepAliveAsync(held.Lease)).ConfigureAwait(false)).ConfigureAwait(false);
        }
        else
        {
            await ReadAsync(actor, held.Key, LeaseHistory.Read).ConfigureAwait(false);
        }

        return true;
    }

    private static Task<bool> RevokeAsync(Actor actor, Held held) => actor.WriteAsync(held.Key, LeaseHistory.Revoke, null, async client =>
        await FoundAsync(() => client.Leases.RevokeAsync(held.Lease)).ConfigureAwait(false));

    private static Task<bool> ReadAsync(Actor actor, string key, string op) => actor.ReadAsync(key, op, async client => await client.GetAsync(key).ConfigureAwait(false) is not null);

    /// <summary>Whether the lease was there.</summary>
    private static async Task<bool> FoundAsync(Func<Task> call)
    {
        try
        {
            await call().ConfigureAwait(false);
            return true;
        }
        catch (KvLeaseNotFoundException)
        {
            return false;
        }
    }
}
