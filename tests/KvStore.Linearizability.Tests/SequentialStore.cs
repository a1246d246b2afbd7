namespace KvStore.Linearizability.Tests;

/// <summary>A store that does one operation after another, for making legal histories.</summary>
internal static class SequentialStore
{
    /// <summary>Does the operation at one instant and gives its completed form.</summary>
    public static Operation Do(Operation operation, Dictionary<string, Value> store, long returns)
    {
        var before = store.GetValueOrDefault(operation.Key);
        switch (operation.Kind)
        {
            case OperationKind.Get:
                return operation.ReturnedValue(before, returns);
            case OperationKind.Put:
                store[operation.Key] = operation.Argument;
                return operation.Returned(returns);
            case OperationKind.Append:
                store[operation.Key] = before.Text + operation.Argument.Text;
                return operation.Returned(returns);
            case OperationKind.Delete:
                store[operation.Key] = Value.Absent;
                return before.IsAbsent ? operation.Missing(returns) : operation.Existed(returns);
            case OperationKind.CompareAndSwap:
                if (before != operation.Expected) return operation.Mismatched(returns);
                store[operation.Key] = operation.Argument;
                return operation.Swapped(returns);
            default:
                return operation.ReturnedResult(Do(operation.Transaction!, store), returns);
        }
    }

    public static TransactionResult Do(Transaction transaction, Dictionary<string, Value> store)
    {
        var holds = transaction.If.All(c => store.GetValueOrDefault(c.Key) == c.Expected);
        var results = new List<StepResult>();
        foreach (var step in holds ? transaction.Then : transaction.Else)
        {
            var before = store.GetValueOrDefault(step.Key);
            results.Add(step.Kind switch
            {
                OperationKind.Get => new StepResult(before),
                OperationKind.Delete => new StepResult(Value.Absent, before.IsAbsent ? Answer.Missing : Answer.Existed),
                _ => default,
            });
            if (step.Kind is not OperationKind.Get) store[step.Key] = step.Argument;
        }
        return new TransactionResult(holds ? TransactionBranch.Then : TransactionBranch.Else, results);
    }
}
