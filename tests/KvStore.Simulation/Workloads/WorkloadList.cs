using KvStore.Simulation.Running;

namespace KvStore.Simulation.Workloads;

/// <summary>All workloads. A new one is a file and a line here.</summary>
internal static class WorkloadList
{
    private static readonly (string Name, Func<SimulationRun, IWorkload> Make)[] All =
    [
        ("register", run => new RegisterWorkload(run)),
        ("counter", run => new CounterWorkload(run)),
    ];

    public static IReadOnlyList<string> Names { get; } = [.. All.Select(each => each.Name)];

    /// <summary>Some workloads by name, or all of them, which the clients share.</summary>
    public static IReadOnlyList<IWorkload> Make(SimulationRun run, string? names) => [.. All.Where(each => names is null || names.Split(',').Contains(each.Name)).Select(each => each.Make(run))];
}
