namespace KvStore.Linearizability.Tests;

/// <summary>What a generated history looks like.</summary>
internal sealed record HistoryShape
{
    public required int Operations { get; init; }

    public required int Clients { get; init; }

    public required int Keys { get; init; }

    /// <summary>Values are drawn from this many; 0: each is written once.</summary>
    public int Values { get; init; }

    public required IReadOnlyList<OperationKind> Kinds { get; init; }

    /// <summary>Of 100 operations, how many end in doubt.</summary>
    public int UnknownPercent { get; init; }

    /// <summary>Of 100 operations, how many fail without effect.</summary>
    public int FailedPercent { get; init; }

    /// <summary>The longest time from call to the instant of effect, and from there to the return.</summary>
    public int DelayMax { get; init; } = 20;
}
