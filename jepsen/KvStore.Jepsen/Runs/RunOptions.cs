using KvStore.Jepsen.Nemeses;
using KvStore.Jepsen.Workloads;

namespace KvStore.Jepsen.Runs;

/// <summary>Settings of one run.</summary>
internal sealed record RunOptions
{
    public required WorkloadKind Workload { get; init; }
    public required IReadOnlyList<INemesis> Nemeses { get; init; }
    public TimeSpan Time { get; init; } = TimeSpan.FromSeconds(60);
    public int Nodes { get; init; } = 3;
    public int Clients { get; init; } = 9;
    public int Seed { get; init; } = 1;
    /// <summary>The folder of the run; it must not exist.</summary>
    public required string Directory { get; init; }
    public required string Server { get; init; }
    /// <summary>A planted bug that the nodes are to have; null: none.</summary>
    public string? Plant { get; init; }

    public string NemesisNames => Nemeses.Count == 0 ? "none" : string.Join(",", Nemeses.Select(n => n.Name));
}
