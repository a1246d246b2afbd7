using KvStore.Jepsen.Recording;

namespace KvStore.Jepsen.Workloads;

/// <summary>Registers: every value is written once. A third of the clients only read: what serves a stale value has no reason to send them elsewhere.</summary>
internal sealed class RegisterWorkload : IWorkload
{
    private static readonly TimeSpan Rest = TimeSpan.FromMilliseconds(10);
    private readonly KeyRing _keys = new("register", 4, TimeSpan.FromSeconds(10));
    private int _values;

    public async Task StepAsync(Actor actor, CancellationToken stop)
    {
        var key = _keys.Pick(actor.Random);
        var dice = actor.Role == ActorRole.Reader ? 0 : actor.Random.Next(100);
        if (dice < 40) await RegisterOperations.GetAsync(actor, key).ConfigureAwait(false);
        else if (dice < 95) await RegisterOperations.PutAsync(actor, key, $"v{Interlocked.Increment(ref _values)}").ConfigureAwait(false);
        else await RegisterOperations.DeleteAsync(actor, key).ConfigureAwait(false);
        await Pace.RestAsync(actor, Rest, stop).ConfigureAwait(false);
    }

    public Task<bool> FinishAsync(Actor actor) => FinalReads.AllAsync(_keys.Used, key => RegisterOperations.GetAsync(actor, key));
}
