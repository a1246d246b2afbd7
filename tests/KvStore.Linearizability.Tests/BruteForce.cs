namespace KvStore.Linearizability.Tests;

/// <summary>
/// The definition itself, tried out: every order of the operations that real time allows, with every subset of the unknown ones. Written apart from the
/// checker, on plain dictionaries. For at most about eight operations.
/// </summary>
internal static class BruteForce
{
    public static bool IsLinearizable(IReadOnlyList<Operation> operations)
    {
        var relevant = operations.Where(o => o.Outcome is not Outcome.Failed).ToList();
        return CanPlace(relevant, new bool[relevant.Count], []);
    }

    /// <summary>The smallest return time such that what returned by then cannot be ordered, given all that was called by then; null when there is none.</summary>
    public static long? FirstBrokenReturn(IReadOnlyList<Operation> operations)
    {
        foreach (var time in operations.Where(o => o.Outcome is Outcome.Completed).Select(o => o.Return!.Value).Distinct().Order())
        {
            var called = operations.Where(o => o.Call <= time && o.Outcome is not Outcome.Failed).ToList();
            if (!CanPlace(called, new bool[called.Count], [], mustBePlacedBy: time)) return time;
        }
        return null;
    }

    private static bool CanPlace(List<Operation> operations, bool[] placed, Dictionary<string, Value> store, long mustBePlacedBy = long.MaxValue)
    {
        var open = Enumerable.Range(0, operations.Count).Where(i => !placed[i]).ToList();
        var pending = open.Where(i => operations[i].Outcome is Outcome.Completed && operations[i].Return <= mustBePlacedBy).ToList();
        if (pending.Count == 0) return true;
        var earliestReturn = open.Where(i => operations[i].Outcome is Outcome.Completed).Min(i => operations[i].Return!.Value);
        foreach (var i in open.Where(i => operations[i].Call <= earliestReturn))
        {
            var after = new Dictionary<string, Value>(store);
            if (!Apply(operations[i], after)) continue;
            placed[i] = true;
            if (CanPlace(operations, placed, after, mustBePlacedBy)) return true;
            placed[i] = false;
        }
        return false;
    }

    private static Value Read(Dictionary<string, Value> store, string key) => store.GetValueOrDefault(key);

    /// <summary>Does the operation; false when its recorded answer differs from what the store says.</summary>
    private static bool Apply(Operation operation, Dictionary<string, Value> store)
    {
        var isKnown = operation.Outcome is Outcome.Completed;
        var before = Read(store, operation.Key);
        switch (operation.Kind)
        {
            case OperationKind.Get:
                return !isKnown || before == operation.Result;
            case OperationKind.Put:
                store[operation.Key] = operation.Argument;
                return true;
            case OperationKind.Append:
                store[operation.Key] = before.Text + operation.Argument.Text;
                return true;
            case OperationKind.Delete:
                store[operation.Key] = Value.Absent;
                return !isKnown || operation.Answer is Answer.None || before.IsAbsent == operation.Answer is Answer.Missing;
            case OperationKind.CompareAndSwap:
                if (before == operation.Expected) store[operation.Key] = operation.Argument;
                return !isKnown || before == operation.Expected == operation.Answer is Answer.Swapped;
            default:
                return Apply(operation.Transaction!, isKnown ? operation.TransactionResult : null, store);
        }
    }

    private static bool Apply(Transaction transaction, TransactionResult? recorded, Dictionary<string, Value> store)
    {
        var result = SequentialStore.Do(transaction, store);
        if (recorded is null) return true;
        if (recorded.Taken != result.Taken) return false;
        for (var i = 0; i < recorded.Results.Count; i++)
        {
            if (recorded.Results[i].Value != result.Results[i].Value) return false;
            if (recorded.Results[i].Answer is not Answer.None && recorded.Results[i].Answer != result.Results[i].Answer) return false;
        }
        return true;
    }
}
