namespace KvStore.Client.Internal;

/// <summary>Pauses that double from attempt to attempt up to a limit, each shortened at random by up to a half, so that many clients do not come back at once.</summary>
internal sealed class Backoff(TimeSpan min, TimeSpan max, TimeProvider time)
{
    private const int DoublingsMax = 20;

    public long Now => time.GetTimestamp();

    public TimeSpan After(int attempts)
    {
        var full = Math.Min(max.Ticks, min.Ticks << Math.Clamp(attempts, 0, DoublingsMax));
        return TimeSpan.FromTicks((long)(full * (1 - (0.5 * Random.Shared.NextDouble()))));
    }

    /// <summary>The same in ticks of the time provider's timestamps.</summary>
    public long Ticks(int attempts) => ToTicks(After(attempts));

    public long ToTicks(TimeSpan span) => (long)(span.TotalSeconds * time.TimestampFrequency);
}
