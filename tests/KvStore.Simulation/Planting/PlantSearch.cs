#if PLANTED
using KvStore.Raft;
using KvStore.Simulation.Consensus;

namespace KvStore.Simulation.Planting;

/// <summary>
/// Looks for a planted bug seed after seed, in groups alone and in whole clusters by turns, or in clusters with the one workload that the bug names, until a check fails or the time is over. Time is processor time, so that it does not depend on
/// what else the machine does.
/// </summary>
internal static class PlantSearch
{
    public const string Cluster = "cluster";

    /// <summary>Simulated time under faults of a whole cluster.</summary>
    private static readonly TimeSpan Duration = TimeSpan.FromSeconds(40);

    public static PlantFinding? Search(PlantedBug bug, TimeSpan limit, string? world = null)
    {
        var start = Environment.CpuUsage.TotalTime;
        for (var seed = 1; Environment.CpuUsage.TotalTime - start < limit; seed++)
            foreach (var each in WorldsOf(bug, world))
            {
                if (Find(bug, each, seed) is { } found) return found with { Time = Environment.CpuUsage.TotalTime - start };
                if (Environment.CpuUsage.TotalTime - start >= limit) return null;
            }
        return null;
    }

    /// <summary>One seed; null when it does not show the bug.</summary>
    public static PlantFinding? Find(PlantedBug bug, string world, int seed)
    {
        var start = Environment.CpuUsage.TotalTime;
        Plants.Set([bug]);
        try
        {
            var found = Judge(world, seed);
            return found is var (_, check, message) ? new PlantFinding(bug, world, seed, check, message, Environment.CpuUsage.TotalTime - start) : null;
        }
        finally
        {
            Plants.Set([]);
        }
    }

    /// <summary>One seed with the bugs that are in force, if any; null when nothing is wrong.</summary>
    public static (SimulationVerdict Verdict, string Check, string Message)? Judge(string world, int seed) => 
        RandomFaults.Kinds.ContainsKey(world) ? GroupRun.Find(world, seed) : FindInCluster(seed, world == Cluster ? null : world);

    private static IEnumerable<string> WorldsOf(PlantedBug bug, string? asked) =>
        (asked ?? Plants.Describe(bug).Workload) is { } only ? [only] : RandomFaults.Kinds.Keys.Append(Cluster);

    private static (SimulationVerdict Verdict, string Check, string Message)? FindInCluster(int seed, string? workload)
    {
        var outcome = Simulator.Run((ulong)seed, new SimulationOptions { Duration = Duration, Workload = workload });
        if (outcome.Verdict == SimulationVerdict.Passed) return null;
        var message = outcome.Message ?? "";
        return (outcome.Verdict, message.Contains(nameof(InvariantViolationException), StringComparison.Ordinal) ? "assertion" : outcome.Check ?? "", message);
    }
}
#endif
