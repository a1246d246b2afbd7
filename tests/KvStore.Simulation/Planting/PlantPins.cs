#if PLANTED
using System.Globalization;
using KvStore.Raft;

namespace KvStore.Simulation.Planting;

/// <summary>
/// Where each planted bug is known to show (pins.txt: name, world, seed). Seeds belong to a version: when a fault or a workload is added, a pin may move, and then it fails here until the bug
/// is searched for (<c>--plants NAME</c>) and pinned again. World "none": no search has found it yet (jepsen/README.md says how long was searched).
/// </summary>
internal static class PlantPins
{
    private const string Nowhere = "none";

    /// <summary>Passes when every pinned bug is found at its pin, every pin passes without the bug, and every bug has a line.</summary>
    public static SimulationVerdict Verify(TextWriter output)
    {
        var pins = Read();
        var start = Environment.CpuUsage.TotalTime;
        var found = 0;
        List<string> unfound = [];
        foreach (var bug in Plants.All)
        {
            var name = Plants.NameOf(bug);
            if (!pins.TryGetValue(bug, out var pin)) output.WriteLine($"{name}: NO LINE in pins.txt");
            else if (pin.World == Nowhere) unfound.Add(name);
            else if (PlantSearch.Find(bug, pin.World, pin.Seed) is { } there)
            {
                found++;
                output.WriteLine(PlantCommand.Row(there));
            }
            else output.WriteLine($"{name}: NOT FOUND at {pin.World} {pin.Seed}; search with --plants {name} and pin it again");
        }
        var failing = FailWithoutBug(pins.Values, output);
        output.WriteLine($"not found by any search yet: {(unfound.Count == 0 ? "none" : string.Join(", ", unfound))}");
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{found} of {Plants.All.Count - unfound.Count} pinned bugs found where they are pinned, {failing} pins that fail without a bug, {unfound.Count} bugs without a pin, {(Environment.CpuUsage.TotalTime - start).TotalSeconds:F0} s of processor time"));
        return found + unfound.Count == Plants.All.Count && failing == 0 ? SimulationVerdict.Passed : SimulationVerdict.Wrong;
    }

    /// <summary>A seed that fails without any bug shows nothing about one.</summary>
    private static int FailWithoutBug(IEnumerable<(string World, int Seed)> pins, TextWriter output)
    {
        var failing = 0;
        foreach (var (world, seed) in pins.Where(pin => pin.World != Nowhere).Distinct().Order())
        {
            if (PlantSearch.Judge(world, seed) is not var (_, check, message)) continue;
            failing++;
            output.WriteLine($"{world} {seed}: FAILS WITHOUT A BUG: {check}: {message}");
        }
        return failing;
    }

    private static Dictionary<PlantedBug, (string World, int Seed)> Read()
    {
        using var stream = typeof(PlantPins).Assembly.GetManifestResourceStream("pins.txt")!;
        using var reader = new StreamReader(stream);
        Dictionary<PlantedBug, (string, int)> pins = [];
        while (reader.ReadLine() is { } line)
        {
            var words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (words.Length == 0 || words[0] == "#") continue;
            pins.Add(Plants.Parse(words[0])[0], (words[1], int.Parse(words[2], CultureInfo.InvariantCulture)));
        }
        return pins;
    }
}
#endif
