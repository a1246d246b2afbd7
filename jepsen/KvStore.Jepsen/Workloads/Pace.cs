using KvStore.Jepsen.Recording;

namespace KvStore.Jepsen.Workloads;

/// <summary>How long clients wait between two operations.</summary>
internal static class Pace
{
    private const int LongRestOfReader = 30;
    private static readonly TimeSpan LongRest = TimeSpan.FromMilliseconds(500);

    /// <summary>Waits a random time up to twice the mean, a reader sometimes much longer; ends early when the load ends.</summary>
    public static async Task RestAsync(Actor actor, TimeSpan mean, CancellationToken stop)
    {
        if (actor.Role == ActorRole.Reader && actor.Random.Next(LongRestOfReader) == 0) mean = LongRest;
        await Task.Delay(mean * 2 * actor.Random.NextDouble(), stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }
}
