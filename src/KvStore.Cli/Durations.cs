using System.Globalization;

namespace KvStore.Cli;

/// <summary>Times as a user writes them.</summary>
internal static class Durations
{
    private static readonly (string Unit, double Seconds)[] Units = [("ms", 0.001), ("s", 1), ("m", 60), ("h", 3600)];

    /// <exception cref="CommandException">It is none.</exception>
    public static TimeSpan Parse(string text, string name)
    {
        foreach (var (unit, seconds) in Units)
        {
            if (!text.EndsWith(unit, StringComparison.Ordinal)) continue;
            if (double.TryParse(text.AsSpan(0, text.Length - unit.Length), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number) && number > 0 && number * seconds <= 86_400)
                return TimeSpan.FromSeconds(number * seconds);
        }
        throw new CommandException(ExitCode.Usage, $"{name}: '{text}' is no time above 0 and up to 24h; write it like 500ms, 2s or 1m");
    }
}
