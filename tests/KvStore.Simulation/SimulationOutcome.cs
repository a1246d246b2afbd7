namespace KvStore.Simulation;

/// <summary>How a run ended. The numbers are exit codes.</summary>
public enum SimulationVerdict
{
    Passed = 0,
    /// <summary>A check found a broken promise, or a node stopped without a fault that explains it.</summary>
    Wrong = 1,
    /// <summary>A healed majority did not elect, commit or converge in time.</summary>
    Stuck = 2,
}

/// <summary>What one run found, and what it did.</summary>
public sealed record SimulationOutcome
{
    public required ulong Seed { get; init; }
    public required SimulationVerdict Verdict { get; init; }

    /// <summary>The check that failed; null when none did.</summary>
    public string? Check { get; init; }

    /// <summary>What is wrong; null when nothing is.</summary>
    public string? Message { get; init; }

    /// <summary>The command that shows it again.</summary>
    public required string Replay { get; init; }

    /// <summary>All simulated time of the run.</summary>
    public required TimeSpan Simulated { get; init; }

    /// <summary>Client operations that were answered.</summary>
    public required long Operations { get; init; }

    /// <summary>What workloads counted, by what it is.</summary>
    public required IReadOnlyDictionary<string, long> Counts { get; init; }

    /// <summary>Faults that were injected, not counting single lost, repeated or reordered frames.</summary>
    public required int Faults { get; init; }

    /// <summary>Faults of the plan, injected or not: the numbers that <see cref="SimulationOptions.WithoutFaults"/> may name are below this.</summary>
    public required int FaultsPlanned { get; init; }

    /// <summary>The same for each run of a seed with the same options.</summary>
    public required ulong TraceHash { get; init; }

    /// <summary>The hash after each simulated second.</summary>
    public required IReadOnlyList<ulong> TraceSeconds { get; init; }

    public override string ToString() => Verdict == SimulationVerdict.Passed ? $"seed {Seed}: passed" : $"seed {Seed}: {Verdict} at {Simulated.TotalSeconds:F6} s: {Check}: {Message}\n  replay: {Replay}";
}
