using KvStore.Jepsen.Recording;

namespace KvStore.Jepsen.Workloads;

/// <summary>How long clients wait between two operations.</summary>
internal static class Pace
{
    /// <summary>Waits a random time up to twice the mean; ends early when the load ends.</summary>
    public static async Task RestAsync(Actor actor, TimeSpan mean, CancellationToken stop)
    {
        await Task.Delay(mean * 2 * actor.Random.NextDouble(), stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }
}
