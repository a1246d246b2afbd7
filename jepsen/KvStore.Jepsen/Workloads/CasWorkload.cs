using System.Collections.Concurrent;
using KvStore.Jepsen.Recording;

namespace KvStore.Jepsen.Workloads;

/// <summary>Compare-and-swap on registers: expecting what was last heard of the key, so that some swap and some do not; every value is written once.</summary>
internal sealed class CasWorkload : IWorkload
{
    private static readonly TimeSpan Rest = TimeSpan.FromMilliseconds(10);
    private readonly KeyRing _keys = new("cas", 4, TimeSpan.FromSeconds(10));
    // The newest value that some client heard of: a guess.
    private readonly ConcurrentDictionary<string, string> _guesses = new();
    private int _values;

    public async Task StepAsync(Actor actor, CancellationToken stop)
    {
        var key = _keys.Pick(actor.Random);
        var dice = actor.Role == ActorRole.Reader ? 0 : actor.Random.Next(100);
        if (dice < 30) await RegisterOperations.GetAsync(actor, key).ConfigureAwait(false);
        else if (dice < 90) await SwapAsync(actor, key).ConfigureAwait(false);
        else await PutAsync(actor, key).ConfigureAwait(false);
        await Pace.RestAsync(actor, Rest, stop).ConfigureAwait(false);
    }

    public Task<bool> FinishAsync(Actor actor) => FinalReads.AllAsync(_keys.Used, key => RegisterOperations.GetAsync(actor, key));

    private string NewValue() => $"v{Interlocked.Increment(ref _values)}";

    private Task<bool> SwapAsync(Actor actor, string key)
    {
        var value = NewValue();
        return RegisterOperations.SwapAsync(actor, key, _guesses.GetValueOrDefault(key), value, answer =>
        {
            if (answer.Swapped) _guesses[key] = value;
            else if (answer.Current is { } found) _guesses[key] = found.ValueText;
            else _guesses.TryRemove(key, out _);
        });
    }

    private async Task PutAsync(Actor actor, string key)
    {
        var value = NewValue();
        if (await RegisterOperations.PutAsync(actor, key, value).ConfigureAwait(false)) _guesses[key] = value;
    }
}
