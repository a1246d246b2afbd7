using System.Globalization;
using System.Text.Json.Nodes;
using KvStore.Jepsen.Recording;

namespace KvStore.Jepsen.Workloads;

/// <summary>Counters that are incremented by one: an increment that was lost, or done twice, shows in the next answer.</summary>
internal sealed class CounterWorkload : IWorkload
{
    private static readonly TimeSpan Rest = TimeSpan.FromMilliseconds(10);
    private readonly KeyRing _keys = new("counter", 4, TimeSpan.FromSeconds(15));

    public async Task StepAsync(Actor actor, CancellationToken stop)
    {
        var key = _keys.Pick(actor.Random);
        if (actor.Role == ActorRole.Reader) await GetAsync(actor, key).ConfigureAwait(false);
        else await actor.WriteAsync(key, CounterHistory.Increment, 1, async client => (await client.IncrementAsync(key).ConfigureAwait(false)).Value).ConfigureAwait(false);
        await Pace.RestAsync(actor, Rest, stop).ConfigureAwait(false);
    }

    public Task<bool> FinishAsync(Actor actor) => FinalReads.AllAsync(_keys.Used, key => GetAsync(actor, key));

    private static Task<bool> GetAsync(Actor actor, string key) => actor.ReadAsync(key, CounterHistory.Get, async client =>
        await client.GetAsync(key).ConfigureAwait(false) is { } found ? JsonValue.Create(long.Parse(found.ValueText, CultureInfo.InvariantCulture)) : null);
}
