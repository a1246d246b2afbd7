using System.Globalization;
using System.Text;

namespace KvStore.Simulation.Running;

/// <summary>What to type to see a run again.</summary>
internal static class ReplayCommand
{
    public static string Of(ulong seed, SimulationOptions options)
    {
        var defaults = new SimulationOptions();
        var text = new StringBuilder().Append(CultureInfo.InvariantCulture, $"tools/simulate --seed {seed}");
        if (options.Workload is { } workload) text.Append(CultureInfo.InvariantCulture, $" --workload {workload}");
        if (options.Duration != defaults.Duration) text.Append(CultureInfo.InvariantCulture, $" --seconds {options.Duration.TotalSeconds}");
        if (options.Clients is { } clients) text.Append(CultureInfo.InvariantCulture, $" --clients {clients}");
        if (options.WithoutFaults.Count > 0) text.Append(CultureInfo.InvariantCulture, $" --without {NumberRanges.Format(options.WithoutFaults)}");
        return text.ToString();
    }
}
