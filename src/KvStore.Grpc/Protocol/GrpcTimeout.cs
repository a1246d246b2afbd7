using System.Globalization;

namespace Grpc.Protocol;

/// <summary>The grpc-timeout header: at most 8 digits and a unit, one of H, M, S, m, u, n.</summary>
internal static class GrpcTimeout
{
    private const int MaxDigits = 8;
    private const long MaxCount = 99_999_999;

    public static bool TryParse(string text, out TimeSpan timeout)
    {
        timeout = default;
        if (text.Length is < 2 or > MaxDigits + 1 || !long.TryParse(text.AsSpan(0, text.Length - 1), NumberStyles.None, CultureInfo.InvariantCulture, out var count))
            return false;
        // At most 99,999,999 hours: 3.6e18 ticks, which a long still holds.
        long? ticks = text[^1] switch
        {
            'H' => count * TimeSpan.TicksPerHour,
            'M' => count * TimeSpan.TicksPerMinute,
            'S' => count * TimeSpan.TicksPerSecond,
            'm' => count * TimeSpan.TicksPerMillisecond,
            'u' => count * TimeSpan.TicksPerMicrosecond,
            'n' => (count + TimeSpan.NanosecondsPerTick - 1) / TimeSpan.NanosecondsPerTick,
            _ => null,
        };
        timeout = new TimeSpan(ticks ?? 0);
        return ticks is not null;
    }

    /// <summary>The finest unit that holds the timeout; one that has passed becomes the shortest that can be said.</summary>
    public static string Format(TimeSpan timeout)
    {
        if (timeout <= TimeSpan.Zero)
            return "1n";
        var microseconds = Math.Max(timeout.Ticks / TimeSpan.TicksPerMicrosecond, 1);
        if (microseconds <= MaxCount)
            return string.Create(CultureInfo.InvariantCulture, $"{microseconds}u");
        var milliseconds = timeout.Ticks / TimeSpan.TicksPerMillisecond;
        return milliseconds <= MaxCount
            ? string.Create(CultureInfo.InvariantCulture, $"{milliseconds}m")
            : string.Create(CultureInfo.InvariantCulture, $"{Math.Min(timeout.Ticks / TimeSpan.TicksPerSecond, MaxCount)}S");
    }
}
