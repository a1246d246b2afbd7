namespace KvStore.Linearizability.Drawing;

/// <summary>The operations of a result that are worth drawing, in order of call, and how many were left out.</summary>
internal sealed record TimelineSelection(IReadOnlyList<TimelineBar> Bars, int LeftOut, string Subject)
{
    private const int WithoutViolationMax = 500;
    private const int BeforeMax = 200;
    private const int AfterMax = 100;
    private const int FarNeighboursMax = 200;
    private const int FarSourcesMax = 20;

    public static TimelineSelection Of(CheckResult result)
    {
        if (result.Violation is { } violation) return Around(violation, result.History);
        if (result.Unresolved.Count == 0) return FirstOf(result.History.Operations, "the history");
        var keys = result.Unresolved[0].Keys;
        return FirstOf(On(keys, result.History), $"undecided: {ResultText.Names(keys)}");
    }

    private static TimelineSelection FirstOf(IReadOnlyList<Operation> operations, string subject)
    {
        var bars = operations.OrderBy(o => o.Call).Take(WithoutViolationMax).Select(o => new TimelineBar(o, BarRole.Other)).ToList();
        return new TimelineSelection(bars, operations.Count - bars.Count, subject);
    }

    private static TimelineSelection Around(Violation violation, History history)
    {
        var operations = On(violation.Keys, history).OrderBy(o => o.Call).ToList();
        var at = operations.FindIndex(o => ReferenceEquals(o, violation.Operation));
        Invariant.That(at >= 0);
        var roles = Roles(violation, operations);
        var (neighbours, sources) = (0, 0);
        var drawn = new HashSet<Operation>(ReferenceEqualityComparer.Instance);
        for (var distance = 0; distance < operations.Count; distance++)
        {
            if (at - distance >= 0) Consider(operations[at - distance], distance <= BeforeMax);
            if (at + distance < operations.Count) Consider(operations[at + distance], distance <= AfterMax);
        }
        var places = violation.LongestPrefix.Select((p, i) => (p, Place: i + 1))
            .ToDictionary(p => p.p.Operation, p => (p.Place, p.p.StateAfter), (IEqualityComparer<Operation>)ReferenceEqualityComparer.Instance);
        var bars = operations.Where(drawn.Contains).Select(o =>
            places.TryGetValue(o, out var p) ? new TimelineBar(o, roles[o], p.Place, p.StateAfter) : new TimelineBar(o, roles[o])).ToList();
        return new TimelineSelection(bars, operations.Count - bars.Count, ResultText.Names(violation.Keys));

        // The nearest first, so that of the far ones the nearest are kept.
        void Consider(Operation operation, bool isNear)
        {
            if (isNear
                || (roles[operation] is BarRole.Neighbour && neighbours++ < FarNeighboursMax)
                || (roles[operation] is BarRole.Source && sources++ < FarSourcesMax)) drawn.Add(operation);
        }
    }

    private static List<Operation> On(IReadOnlyList<string> keys, History history)
    {
        var wanted = keys.ToHashSet();
        return [.. history.Operations.Where(o => o.Transaction is { } t ? t.Keys.Any(wanted.Contains) : wanted.Contains(o.Key))];
    }

    private static Dictionary<Operation, BarRole> Roles(Violation violation, List<Operation> operations)
    {
        var placed = violation.LongestPrefix.Select(p => p.Operation).ToHashSet<Operation>(ReferenceEqualityComparer.Instance);
        var neighbours = violation.Neighbours.ToHashSet<Operation>(ReferenceEqualityComparer.Instance);
        var seen = Seen(violation.Operation).ToHashSet();
        var roles = new Dictionary<Operation, BarRole>(ReferenceEqualityComparer.Instance);
        foreach (var operation in operations)
        {
            roles[operation] = ReferenceEquals(operation, violation.Operation) ? BarRole.Offending
                : Written(operation).Any(seen.Contains) ? BarRole.Source
                : neighbours.Contains(operation) ? BarRole.Neighbour
                : placed.Contains(operation) ? BarRole.Placed
                : BarRole.Other;
        }
        return roles;
    }

    /// <summary>Values that the operation is known to have found, with their keys.</summary>
    private static IEnumerable<(string Key, Value Value)> Seen(Operation operation)
    {
        switch (operation.Kind)
        {
            case OperationKind.Get:
                return [(operation.Key, operation.Result)];
            case OperationKind.CompareAndSwap when operation.Answer is Answer.Swapped:
                return [(operation.Key, operation.Expected)];
            case OperationKind.Transaction when operation.TransactionResult is { } result:
                var steps = result.Taken is TransactionBranch.Then ? operation.Transaction!.Then : operation.Transaction!.Else;
                var conditions = result.Taken is TransactionBranch.Then ? operation.Transaction.If.Select(c => (c.Key, c.Expected)) : [];
                return steps.Zip(result.Results).Where(s => s.First.Kind is OperationKind.Get).Select(s => (s.First.Key, s.Second.Value)).Concat(conditions);
            default:
                return [];
        }
    }

    /// <summary>What the operation may have written. Appends are left out: what they make depends on what was there.</summary>
    private static IEnumerable<(string Key, Value Value)> Written(Operation operation) => operation.Outcome is Outcome.Failed ? [] : operation.Kind switch
    {
        OperationKind.Put => [(operation.Key, operation.Argument)],
        OperationKind.Delete => [(operation.Key, Value.Absent)],
        OperationKind.CompareAndSwap when operation.Answer is not Answer.Mismatched => [(operation.Key, operation.Argument)],
        OperationKind.Transaction => operation.Transaction!.Then.Concat(operation.Transaction.Else).Where(s => s.Kind is not OperationKind.Get).Select(s => (s.Key, s.Argument)),
        _ => [],
    };
}
