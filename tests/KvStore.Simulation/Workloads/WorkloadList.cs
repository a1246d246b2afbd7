using KvStore.Simulation.Running;

namespace KvStore.Simulation.Workloads;

/// <summary>All workloads. A new one is a file and a line here.</summary>
internal static class WorkloadList
{
    /// <summary>Whether a run that names no workload has it.</summary>
    private enum Runs { Always, WhenNamed }

    private static readonly (string Name, Func<SimulationRun, IWorkload> Make, Runs Runs)[] All =
    [
        ("register", run => new RegisterWorkload(run), Runs.Always),
        ("counter", run => new CounterWorkload(run), Runs.Always),
        ("bank", run => new BankWorkload(run), Runs.WhenNamed),
        ("append", run => new AppendWorkload(run), Runs.WhenNamed),
        ("lock", run => new LockWorkload(run, Fencing.On), Runs.Always),
        ("lock-without-fencing", run => new LockWorkload(run, Fencing.Off), Runs.WhenNamed),
        ("watch", run => new WatchWorkload(run), Runs.WhenNamed),
        ("lease", run => new LeaseWorkload(run), Runs.Always),
        ("sessions", run => new AbandonedSessions(run), Runs.Always),
    ];

    public static IReadOnlyList<string> Names { get; } = [.. All.Select(each => each.Name)];

    /// <summary>Some workloads by name, or all that must pass, which the clients share.</summary>
    public static IReadOnlyList<IWorkload> Make(SimulationRun run, string? names) => [.. All.Where(each => names is null ? each.Runs == Runs.Always : names.Split(',').Contains(each.Name)).Select(each => each.Make(run))];
}
