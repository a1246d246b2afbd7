namespace KvStore.Linearizability.Anomalies;

/// <summary>
/// Who wrote what. A key can be traced when each of its values was written once, it was never deleted and never appended to: then a value names its writer. Other keys are left out.
/// </summary>
internal sealed class Versions
{
    public enum Fate { Left, Replaced, Failed }

    public readonly record struct Origin(Footprint Writer, Fate Fate);

    private readonly Dictionary<(string Key, Value Value), Origin> _origins = [];
    private readonly HashSet<string> _untraceable = [];

    private Versions()
    {
    }

    /// <summary>Operations that took effect, as far as anybody can tell, with what can be traced of them.</summary>
    public List<Footprint> Committed { get; } = [];

    public static Versions Of(IEnumerable<Operation> operations)
    {
        var versions = new Versions();
        var inDoubt = new List<Footprint>();
        foreach (var operation in operations)
        {
            if (operation.Kind == OperationKind.Append) versions._untraceable.Add(operation.Key);
            if (operation.Outcome == Outcome.Completed) versions.Take(Footprint.Of(operation), Fate.Left);
            else
            {
                var possible = operation.Transaction is null
                    ? [Footprint.Of(operation)]
                    : new[] { Footprint.Of(operation, TransactionBranch.Then), Footprint.Of(operation, TransactionBranch.Else) };
                foreach (var footprint in possible) versions.Note(footprint, operation.Outcome == Outcome.Failed ? Fate.Failed : Fate.Left);
                if (operation.Outcome == Outcome.Unknown) inDoubt.AddRange(possible);
            }
        }
        var seen = versions.Committed.SelectMany(f => f.Reads).Select(r => (r.Key, r.Value)).ToHashSet();
        versions.Committed.AddRange(inDoubt.Where(f => f.Writes.Any(w => !w.Value.IsAbsent && seen.Contains((w.Key, w.Value)))));
        return versions;
    }

    public bool IsTraceable(string key) => !_untraceable.Contains(key);

    public bool TryFind(string key, Value value, out Origin origin)
    {
        origin = default;
        return IsTraceable(key) && _origins.TryGetValue((key, value), out origin);
    }

    private void Take(Footprint footprint, Fate fate)
    {
        Committed.Add(footprint);
        Note(footprint, fate);
    }

    private void Note(Footprint footprint, Fate fate)
    {
        foreach (var (key, value) in footprint.Writes) Note(key, value, new Origin(footprint, fate));
        foreach (var (key, value) in footprint.Replaced) Note(key, value, new Origin(footprint, fate == Fate.Failed ? fate : Fate.Replaced));
    }

    private void Note(string key, Value value, Origin origin)
    {
        if (value.IsAbsent || !_origins.TryAdd((key, value), origin)) _untraceable.Add(key);
    }
}
