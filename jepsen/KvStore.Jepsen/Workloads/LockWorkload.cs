using System.Globalization;
using System.Text.Json.Nodes;
using KvStore.Client;
using KvStore.Client.Locks;
using KvStore.Jepsen.Recording;

namespace KvStore.Jepsen.Workloads;

/// <summary>
/// Critical sections: each reads a number in one of several groups, and writes it back greater by one, under a lock that all who use the key take. In half of them the client stands still for longer than
/// its lease lasts between the two, and goes on as if it still had the lock.
/// </summary>
internal sealed class LockWorkload(Fencing fencing) : IWorkload
{
    private static readonly TimeSpan TimeToLive = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Rest = TimeSpan.FromMilliseconds(10);
    private readonly KeyRing _keys = new("lock", 4, TimeSpan.FromSeconds(20));

    public async Task StepAsync(Actor actor, CancellationToken stop)
    {
        var key = _keys.Pick(actor.Random);
        if (actor.Role == ActorRole.Reader) await GetAsync(actor, key, _ => { }).ConfigureAwait(false);
        else await SectionAsync(actor, key).ConfigureAwait(false);
        await Pace.RestAsync(actor, Rest, stop).ConfigureAwait(false);
    }

    /// <summary>Whatever became of those who held a lock or waited for it, it can be had; and what is there is read.</summary>
    public async Task<bool> FinishAsync(Actor actor) =>
        await FinalReads.AllAsync(_keys.Used, key => TakeAsync(actor, key)).ConfigureAwait(false) && await FinalReads.AllAsync(_keys.Used, key => GetAsync(actor, key, _ => { })).ConfigureAwait(false);

    private static async Task<bool> TakeAsync(Actor actor, string key)
    {
        KvLock? held = null;
        await actor.WriteAsync(LockOf(key), LockHistory.Acquire, null, async client =>
        {
            held = await client.Locks.AcquireAsync(LockOf(key), new KvLockOptions { TimeToLive = TimeToLive, Wait = TimeSpan.FromSeconds(4) }).ConfigureAwait(false);
            return held.FencingToken;
        }).ConfigureAwait(false);
        if (held is null) return false;
        await held.DisposeAsync().ConfigureAwait(false);
        return true;
    }

    private async Task SectionAsync(Actor actor, string key)
    {
        var pauses = actor.Random.Next(2) == 0;
        var options = new KvLockOptions { TimeToLive = TimeToLive, Wait = TimeSpan.FromSeconds(4), Renewal = pauses ? KvLockRenewal.None : KvLockRenewal.Automatic };
        KvLock? held = null;
        await actor.WriteAsync(LockOf(key), LockHistory.Acquire, null, async client =>
        {
            held = await client.Locks.AcquireAsync(LockOf(key), options).ConfigureAwait(false);
            return held.FencingToken;
        }).ConfigureAwait(false);
        if (held is null) return;
        await using (held)
        {
            string? found = null;
            if (!await GetAsync(actor, key, text => found = text).ConfigureAwait(false)) return;
            if (pauses) await Task.Delay(TimeToLive * (1.1 + actor.Random.NextDouble())).ConfigureAwait(false);
            await WriteAsync(actor, key, found, held.Fence).ConfigureAwait(false);
        }
    }

    private async Task WriteAsync(Actor actor, string key, string? found, KvFence fence)
    {
        var value = LockHistory.Next(found, fence.Token);
        var request = new JsonObject { ["lock"] = fence.Lock, ["token"] = fence.Token, ["value"] = value };
        await actor.WriteAsync(key, LockHistory.Write, request, async client =>
            (await client.PutAsync(key, value, new KvWriteOptions { Fence = fencing == Fencing.On ? fence : null }).ConfigureAwait(false)).Revision).ConfigureAwait(false);
    }

    private static Task<bool> GetAsync(Actor actor, string key, Action<string?> found) => actor.ReadAsync(key, LockHistory.Get, async client =>
    {
        var entry = await client.GetAsync(key).ConfigureAwait(false);
        var text = entry is { } there ? there.ValueText : null;
        found(text);
        return text is null ? null : JsonValue.Create(text);
    });

    private static string LockOf(string key) => string.Create(CultureInfo.InvariantCulture, $"of {key}");
}

/// <summary>Whether the writes of a section carry its token.</summary>
internal enum Fencing
{
    On,
    Off,
}
