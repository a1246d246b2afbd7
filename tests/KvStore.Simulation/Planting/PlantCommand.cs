#if PLANTED
using System.Globalization;
using KvStore.Raft;
using KvStore.Simulation.CommandLine;

namespace KvStore.Simulation.Planting;

/// <summary><c>--plants</c> (search for all), <c>--plants NAME,NAME</c>: a table of which check found which planted bug, at which seed, after how long.</summary>
internal static class PlantCommand
{
    private static readonly TimeSpan LimitDefault = TimeSpan.FromMinutes(2);

    public static SimulationVerdict Search(IReadOnlyList<PlantedBug> bugs, TimeSpan? limit, string? world, TextWriter output)
    {
        var missing = 0;
        foreach (var bug in bugs)
        {
            var plant = Plants.Describe(bug);
            var found = PlantSearch.Search(bug, limit ?? LimitDefault, world);
            if (found is null) missing++;
            output.WriteLine(found is null ? $"| {plant.Row} | `{Plants.NameOf(bug)}` | {plant.What} | not found | | |" : Row(found));
            output.Flush();
        }
        output.WriteLine($"{bugs.Count - missing} of {bugs.Count} planted bugs found");
        return missing == 0 ? SimulationVerdict.Passed : SimulationVerdict.Wrong;
    }

    /// <summary>A line of the table in jepsen/README.md: row of the catalogue, name, what it does, world and seed, check, processor time.</summary>
    public static string Row(PlantFinding found) => string.Create(CultureInfo.InvariantCulture,
        $"| {Plants.Describe(found.Bug).Row} | `{Plants.NameOf(found.Bug)}` | {Plants.Describe(found.Bug).What} | {found.World} {found.Seed} | {found.Check} | {found.Time.TotalSeconds:F1} s | {Short(found.Message)}");

    /// <exception cref="UsageException">A name is not known.</exception>
    public static IReadOnlyList<PlantedBug> Parse(string names)
    {
        try
        {
            return Plants.Parse(names);
        }
        catch (ArgumentException unknown)
        {
            throw new UsageException(unknown.Message);
        }
    }

    private static string Short(string message)
    {
        var line = message.ReplaceLineEndings(" ");
        return line.Length <= 160 ? line : line[..160];
    }
}
#endif
