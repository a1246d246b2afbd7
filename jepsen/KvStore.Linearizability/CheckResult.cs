using KvStore.Linearizability.Anomalies;

namespace KvStore.Linearizability;

/// <summary>What a check found, and the evidence. <see cref="ToString"/> tells it in words.</summary>
public sealed record CheckResult
{
    public required Verdict Verdict { get; init; }

    public required History History { get; init; }

    /// <summary>Set if and only if the history is not linearizable.</summary>
    public Violation? Violation { get; init; }

    /// <summary>The key of the first operation that cannot be placed, if there is one.</summary>
    public string? Key => Violation?.Key;

    /// <summary>The first operation that cannot be placed, if there is one.</summary>
    public Operation? Operation => Violation?.Operation;

    /// <summary>
    /// What is wrong with the transactions, by name, if the history is not linearizable, has transactions on these keys, and the values can be traced. Computed by each call.
    /// </summary>
    public IReadOnlyList<Anomaly> FindAnomalies()
    {
        if (Violation is not { } violation) return [];
        var keys = violation.Keys.ToHashSet();
        var involved = History.Operations.Where(o => o.Transaction is { } transaction ? transaction.Keys.Any(keys.Contains) : keys.Contains(o.Key)).ToList();
        return involved.Exists(o => o.Transaction is not null) ? AnomalyFinder.Find(involved) : [];
    }

    /// <summary>What was given up. Empty for a linearizable history.</summary>
    public required IReadOnlyList<Unresolved> Unresolved { get; init; }

    /// <summary>Keys, or sets of keys that transactions connect, that were checked apart.</summary>
    public required int ComponentCount { get; init; }

    /// <summary>Transitions tried.</summary>
    public required long Steps { get; init; }

    /// <summary>The most memory that the search held.</summary>
    public required long PeakMemoryBytes { get; init; }

    /// <summary>The verdict in words: one line, followed by the evidence when it is not <see cref="Verdict.Linearizable"/>.</summary>
    public override string ToString() => ResultText.Describe(this);
}
