#if PLANTED
using System.Diagnostics;
using KvStore.Raft.Tests.Network;

namespace KvStore.Raft.Tests;

public sealed class ScratchPlantedSearch
{
    [Fact]
    public void Search()
    {
        var only = Environment.GetEnvironmentVariable("ONLY");
        var limit = double.Parse(Environment.GetEnvironmentVariable("LIMIT") ?? "10");
        using var output = new StreamWriter("/tmp/plantsearch.txt") { AutoFlush = true };
        foreach (var bug in Plants.All)
        {
            if (bug >= PlantedBug.SessionResultsNotStored && only is null) break;
            if (only is not null && !only.Split(',').Contains(bug.ToString())) continue;
            Plants.Set([bug]);
            var watch = Stopwatch.StartNew();
            string? found = null;
            var seed = 0;
            for (; watch.Elapsed.TotalSeconds < limit && found is null; seed++)
            {
                foreach (var (kind, faults) in RandomFaults.Kinds)
                {
                    if (found is not null) break;
                    try
                    {
                        var cluster = new RandomCluster(seed, faults);
                        cluster.Run(TimeSpan.FromSeconds(5));
                        cluster.HealAndRequireProgress();
                        cluster.Checker.CheckLogs();
                    }
                    catch (Exception e)
                    {
                        found = $"seed {seed} {kind}: {e.GetType().Name} {e.Message.ReplaceLineEndings(" ")}";
                    }
                }
            }
            output.WriteLine($"{Plants.Describe(bug).Row,2} {bug,-28} {watch.Elapsed.TotalSeconds,6:0.0} {(found is null ? $"NOT FOUND in {seed} seeds" : found[..Math.Min(found.Length, 180)])}");
        }
    }
}
#endif
