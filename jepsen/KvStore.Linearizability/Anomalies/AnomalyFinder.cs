namespace KvStore.Linearizability.Anomalies;

/// <summary>
/// Names what is wrong between transactions, by cycles of their dependencies, as Elle does (Kingsbury and Alvaro, "Elle: Inferring Isolation Anomalies from Experimental Observations", 2020).
/// It needs values that are written once, or texts that grow behind commas. What it names is there; that it names nothing proves nothing: the verdict is the checker's.
/// </summary>
public static class AnomalyFinder
{
    /// <summary>More operations are not looked at: the search takes time quadratic in their number.</summary>
    public const int OperationsMax = 4000;

    /// <summary>One anomaly of each kind that there is, the worst first. Empty also when there are too many operations.</summary>
    public static IReadOnlyList<Anomaly> Find(IReadOnlyList<Operation> operations)
    {
        ArgumentNullException.ThrowIfNull(operations);
        if (operations.Count > OperationsMax) return [];
        var versions = Versions.Of(operations);
        var graph = DependencyGraph.Of(versions);
        var lost = LostUpdate(versions);
        Anomaly?[] found =
        [
            FirstCircle(graph, AnomalyKind.DirtyWrite, Dependency.WriteWrite, kind => kind == Dependency.WriteWrite),
            DirtyRead(versions),
            FirstCircle(graph, AnomalyKind.CircularFlow, Dependency.WriteRead, kind => kind != Dependency.ReadWrite),
            lost,
            .. Skews(graph, lost),
        ];
        return [.. found.OfType<Anomaly>()];
    }

    private static Anomaly? FirstCircle(DependencyGraph graph, AnomalyKind name, Dependency with, Func<Dependency, bool> uses) =>
        graph.Edges.Where(e => e.Kind == with).Select(e => graph.Circle(e, uses)).OfType<List<Edge>>().MinBy(c => c.Count) is { } circle ? Describe(name, circle) : null;

    private static Anomaly? DirtyRead(Versions versions)
    {
        foreach (var reader in versions.Committed)
        {
            foreach (var (key, value) in reader.Reads)
            {
                if (!versions.TryFind(key, value, out var origin) || origin.Writer == reader || origin.Fate == Versions.Fate.Left) continue;
                var why = origin.Fate == Versions.Fate.Failed ? "it failed, though its value was read by" : "it replaced this value itself before it ended, though it was read by";
                return new Anomaly(AnomalyKind.DirtyRead, [origin.Writer.Operation, reader.Operation], [why]);
            }
        }
        return null;
    }

    private static Anomaly? LostUpdate(Versions versions)
    {
        var updates = new Dictionary<(string Key, Value Read), Footprint>();
        foreach (var footprint in versions.Committed)
        {
            foreach (var (key, value) in footprint.Reads)
            {
                if (!versions.IsTraceable(key) || !footprint.Writes.ContainsKey(key) || updates.TryAdd((key, value), footprint)) continue;
                return new Anomaly(AnomalyKind.LostUpdate, [updates[(key, value)].Operation, footprint.Operation],
                    [$"it replaced {Value.Of(key)} = {value}", "so did it"]);
            }
        }
        return null;
    }

    /// <summary>Circles with one missed write are read skew, those with more are write skew or phantoms; those of a lost update have been named.</summary>
    private static IEnumerable<Anomaly?> Skews(DependencyGraph graph, Anomaly? lost)
    {
        var missed = graph.Edges.Where(e => e.Kind == Dependency.ReadWrite).ToList();
        var single = missed.Select(e => graph.Circle(e, kind => kind != Dependency.ReadWrite)).OfType<List<Edge>>().Where(c => !IsOf(lost, c)).MinBy(c => c.Count);
        yield return single is null ? null : Describe(AnomalyKind.ReadSkew, single);
        var more = missed.Where(e => graph.Circle(e, kind => kind != Dependency.ReadWrite) is null)
            .Select(e => graph.Circle(e, _ => true)).OfType<List<Edge>>().Where(c => !IsOf(lost, c) && c.Count(e => e.Kind == Dependency.ReadWrite) > 1).ToList();
        var write = more.Where(c => !IsPhantom(c)).MinBy(c => c.Count);
        yield return write is null ? null : Describe(AnomalyKind.WriteSkew, write);
        var phantom = more.Where(IsPhantom).MinBy(c => c.Count);
        yield return phantom is null ? null : Describe(AnomalyKind.Phantom, phantom);
    }

    private static bool IsPhantom(List<Edge> circle) => circle.Exists(e => e.Kind == Dependency.ReadWrite && e.Before.IsAbsent);

    private static bool IsOf(Anomaly? lost, List<Edge> circle) => lost is not null && circle.TrueForAll(e => lost.Operations.Contains(e.From.Operation));

    private static Anomaly Describe(AnomalyKind kind, List<Edge> circle) =>
        new(kind, [.. circle.Select(e => e.From.Operation)], [.. circle.Select(e => $"{e.Reason} client {e.To.Operation.Client} at {e.To.Operation.Call}")]);
}
