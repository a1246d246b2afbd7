using System.Globalization;
using KvStore.Jepsen.Nemeses;
using KvStore.Jepsen.Reports;
using KvStore.Jepsen.Runs;
using KvStore.Jepsen.Workloads;
using KvStore.Linearizability;

namespace KvStore.Jepsen.Soak;

/// <summary>Every workload under every nemesis, one run after the other, and a table of the verdicts at the end.</summary>
internal static class MatrixSoak
{
    /// <returns>The exit code: 0 all were linearizable, 1 something was not.</returns>
    /// <exception cref="UsageException">An option is wrong.</exception>
    public static async Task<int> RunAsync(IReadOnlyList<string> rest, TextWriter output, CancellationToken cancellationToken)
    {
        var arguments = new Arguments(rest, "time", "workload", "nemesis", "nodes", "clients", "seed", "out", "server");
        var workloads = arguments.Text("workload") is { } names ? [.. names.Split(',').Select(WorkloadList.Find)] : WorkloadList.All;
        var nemeses = arguments.Text("nemesis") is { } chosen ? NemesisList.Find(chosen) : NemesisList.All;
        var directory = Path.GetFullPath(arguments.Text("out") ?? Path.Combine(RunCommand.ResultsDirectory(), FormattableString.Invariant($"{DateTime.UtcNow:yyyyMMdd-HHmmss}-soak")));
        if (Directory.Exists(directory)) throw new UsageException($"--out {directory}: exists already");
        var time = arguments.Duration("time", TimeSpan.FromSeconds(60), TimeSpan.FromSeconds(1), TimeSpan.FromHours(24));
        var seed = arguments.Integer("seed", Environment.TickCount & int.MaxValue, 0, int.MaxValue - 10_000);
        var lines = new List<string>();
        var (ran, failed) = (0, 0);
        var failovers = new List<TimeSpan>();
        foreach (var workload in workloads)
        {
            foreach (var nemesis in nemeses)
            {
                if (nemesis.Unavailable is { } reason)
                {
                    lines.Add(Row(workload.Name, nemesis.Name, $"skipped: {reason}"));
                    continue;
                }

                var result = await JepsenRun.RunAsync(new RunOptions
                {
                    Workload = workload,
                    Nemeses = [nemesis],
                    Time = time,
                    Nodes = arguments.OneOf("nodes", 3, 3, 5),
                    Clients = arguments.Integer("clients", 9, 3, 100),
                    Seed = seed++,
                    Directory = Path.Combine(directory, $"{workload.Name}-{nemesis.Name}"),
                    Server = arguments.Server(),
                }, output, cancellationToken).ConfigureAwait(false);
                ran++;
                failovers.AddRange(result.Failover.Times);
                if (result.ExitCode != 0) failed++;
                lines.Add(Row(workload.Name, nemesis.Name, string.Create(CultureInfo.InvariantCulture,
                    $"{result,-16} {result.Faults.Count,4} faults {result.Count(Outcome.Completed),8} done {result.Count(Outcome.Failed),6} failed {result.Count(Outcome.Unknown),5} unknown")));
            }
        }

        output.WriteLine();
        foreach (var line in lines) output.WriteLine(line);
        if (failovers.Count > 0)
        {
            var all = new FailoverTimes([.. failovers.Order()]);
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"leader killed: next acknowledged write of its group after p50 {all.P50.TotalMilliseconds:0} ms, p99 {all.P99.TotalMilliseconds:0} ms ({all.Times.Count} times)"));
        }

        output.WriteLine($"{ran - failed} of {ran} runs linearizable, {lines.Count - ran} skipped");
        return failed == 0 && ran > 0 ? 0 : 1;
    }

    private static string Row(string workload, string nemesis, string result) => $"{workload,-10} {nemesis,-10} {result}";
}
