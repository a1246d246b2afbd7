using KvStore.Jepsen.Nemeses;
using KvStore.Jepsen.Workloads;

namespace KvStore.Jepsen.Runs;

/// <summary><c>run</c>: one workload under some nemeses.</summary>
internal static class RunCommand
{
    public const string Usage = "run --workload NAME --nemesis NAME[,NAME…] [--time 60s] [--nodes 3|5] [--clients N] [--seed N] [--out DIR] [--plant NAME]";
    private static readonly TimeSpan TimeMax = TimeSpan.FromHours(24);

    /// <returns>The exit code: 0 linearizable, 1 anything else.</returns>
    /// <exception cref="UsageException">An option is wrong.</exception>
    public static async Task<int> RunAsync(IReadOnlyList<string> rest, TextWriter output, CancellationToken cancellationToken)
    {
        var arguments = new Arguments(rest, "workload", "nemesis", "time", "nodes", "clients", "seed", "out", "plant", "server");
        var workload = WorkloadList.Find(arguments.Text("workload") ?? throw new UsageException($"--workload is missing; known are {string.Join(", ", WorkloadList.All.Select(w => w.Name))}"));
        var nemeses = NemesisList.Find(arguments.Text("nemesis") ?? throw new UsageException($"--nemesis is missing; known are {string.Join(", ", NemesisList.All.Select(n => n.Name))}, none"));
        var directory = arguments.Text("out") ?? Path.Combine(ResultsDirectory(), FormattableString.Invariant($"{DateTime.UtcNow:yyyyMMdd-HHmmss}-{workload.Name}-{string.Join('-', nemeses.Select(n => n.Name).DefaultIfEmpty("none"))}"));
        if (Directory.Exists(directory) || File.Exists(directory)) throw new UsageException($"--out {directory}: exists already");
        var options = new RunOptions
        {
            Workload = workload,
            Nemeses = nemeses,
            Time = arguments.Duration("time", TimeSpan.FromSeconds(60), TimeSpan.FromSeconds(1), TimeMax),
            Nodes = arguments.OneOf("nodes", 3, 3, 5),
            Clients = arguments.Integer("clients", 9, 3, 100),
            Seed = arguments.Integer("seed", Environment.TickCount & int.MaxValue, 0, int.MaxValue),
            Directory = Path.GetFullPath(directory),
            Server = arguments.Server(),
            Plant = arguments.Text("plant"),
        };
        return (await JepsenRun.RunAsync(options, output, cancellationToken).ConfigureAwait(false)).ExitCode;
    }

    /// <summary>Where runs go that do not say: jepsen/results of the repository, else below the current directory.</summary>
    public static string ResultsDirectory() => Path.Combine(Environment.GetEnvironmentVariable("KVSTORE_JEPSEN_RESULTS") is { Length: > 0 } given ? given : "jepsen-results");
}
