namespace KvStore.Linearizability.Anomalies;

/// <summary>What one operation read from others and left behind.</summary>
internal sealed class Footprint(Operation operation)
{
    public Operation Operation { get; } = operation;
    /// <summary>The first read of each key that the operation had not written itself.</summary>
    public Dictionary<string, Value> Reads { get; } = [];
    /// <summary>The last write of each key; absent: deleted.</summary>
    public Dictionary<string, Value> Writes { get; } = [];
    /// <summary>Writes that the operation replaced itself.</summary>
    public List<(string Key, Value Value)> Replaced { get; } = [];

    public static Footprint Of(Operation operation)
    {
        var footprint = new Footprint(operation);
        switch (operation.Kind)
        {
            case OperationKind.Get when operation.Outcome == Outcome.Completed:
                footprint.Reads[operation.Key] = operation.Result;
                break;
            case OperationKind.Put:
                footprint.Writes[operation.Key] = operation.Argument;
                break;
            case OperationKind.Delete when operation.Answer == Answer.Missing:
                footprint.Reads[operation.Key] = Value.Absent;
                break;
            case OperationKind.Delete:
                footprint.Writes[operation.Key] = Value.Absent;
                break;
            case OperationKind.CompareAndSwap when operation.Answer != Answer.Mismatched:
                footprint.Reads[operation.Key] = operation.Expected;
                footprint.Writes[operation.Key] = operation.Argument;
                break;
            case OperationKind.Transaction when operation.TransactionResult is { } result:
                footprint.Take(operation.Transaction!, result.Taken, result.Results);
                break;
        }
        return footprint;
    }

    /// <summary>What a transaction that did not answer would have left behind, had it taken this branch.</summary>
    public static Footprint Of(Operation operation, TransactionBranch branch)
    {
        var footprint = new Footprint(operation);
        footprint.Take(operation.Transaction!, branch, []);
        return footprint;
    }

    private void Take(Transaction transaction, TransactionBranch branch, IReadOnlyList<StepResult> results)
    {
        if (branch == TransactionBranch.Then)
            foreach (var comparison in transaction.If) Reads.TryAdd(comparison.Key, comparison.Expected);
        var steps = branch == TransactionBranch.Then ? transaction.Then : transaction.Else;
        for (var i = 0; i < steps.Count; i++)
        {
            var (kind, key, argument) = steps[i];
            if (kind == OperationKind.Get)
            {
                if (i < results.Count && !Writes.ContainsKey(key)) Reads.TryAdd(key, results[i].Value);
                continue;
            }
            if (Writes.TryGetValue(key, out var before)) Replaced.Add((key, before));
            Writes[key] = kind == OperationKind.Put ? argument : Value.Absent;
        }
    }
}
