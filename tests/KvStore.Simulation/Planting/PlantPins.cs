#if PLANTED
using System.Globalization;
using KvStore.Raft;

namespace KvStore.Simulation.Planting;

/// <summary>
/// Where each planted bug is known to show (pins.txt: name, world, seed, check). Seeds belong to a version: when a fault or a workload is added, a pin may move, and then the bug is
/// searched for, which must succeed within a few seconds. World "none": nothing has found it yet (jepsen/README.md says why).
/// </summary>
internal static class PlantPins
{
    private const string Nowhere = "none";
    private static readonly TimeSpan SearchAgain = TimeSpan.FromSeconds(20);

    public static SimulationVerdict Verify(TextWriter output)
    {
        var pins = Read();
        var start = Environment.CpuUsage.TotalTime;
        int found = 0, moved = 0, holes = 0;
        foreach (var bug in Plants.All)
        {
            var name = Plants.NameOf(bug);
            if (!pins.TryGetValue(bug, out var pin)) output.WriteLine($"{name}: no pin");
            else if (pin.World == Nowhere) holes++;
            else if (PlantSearch.Find(bug, pin.World, pin.Seed) is { } there)
            {
                found++;
                output.WriteLine(PlantCommand.Row(there));
            }
            else if (PlantSearch.Search(bug, SearchAgain, pin.World) is { } elsewhere)
            {
                found++;
                moved++;
                output.WriteLine(PlantCommand.Row(elsewhere));
                output.WriteLine($"{name}: not at {pin.World} {pin.Seed} any more, but at {elsewhere.World} {elsewhere.Seed}");
            }
            else output.WriteLine($"{name}: NOT FOUND at {pin.World} {pin.Seed}, nor by a search of {SearchAgain.TotalSeconds} s");
        }
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{found} of {Plants.All.Count} planted bugs found, {moved} not where they were, {holes} that nothing finds yet, {(Environment.CpuUsage.TotalTime - start).TotalSeconds:F0} s of processor time"));
        return found + holes == Plants.All.Count ? SimulationVerdict.Passed : SimulationVerdict.Wrong;
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
