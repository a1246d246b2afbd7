namespace KvStore.Simulation;

/// <summary>What of a run is not in its seed.</summary>
public sealed record SimulationOptions
{
    /// <summary>Simulated time under faults, before the cluster is healed.</summary>
    public TimeSpan Duration { get; init; } = TimeSpan.FromSeconds(150);

    /// <summary>Names of workloads, with commas between; null: all.</summary>
    public string? Workload { get; init; }

    /// <summary>Faults of the plan that are left out, by number: what shrinking finds.</summary>
    public IReadOnlySet<int> WithoutFaults { get; init; } = new HashSet<int>();

    /// <summary>Clients; null: the seed picks.</summary>
    public int? Clients { get; init; }

    /// <summary>Takes the readable log of all that happens; null: none.</summary>
    public TextWriter? Trace { get; init; }
}
