namespace KvStore.Linearizability;

/// <summary>What makes a history fit to be checked. A broken one must not reach the search, which trusts it.</summary>
internal static class HistoryRules
{
    /// <exception cref="HistoryFormatException">A rule is broken; the message says where.</exception>
    public static void Check(IReadOnlyList<Operation> operations, string? source)
    {
        if (operations.Count > History.OperationsMax)
            throw new HistoryFormatException(source ?? "history", $"more than {History.OperationsMax} operations");
        for (var i = 0; i < operations.Count; i++)
        {
            if (Broken(operations[i]) is { } reason) throw new HistoryFormatException(Where(operations, i, source), reason);
        }
        CheckClients(operations, source);
    }

    private static string? Broken(Operation operation)
    {
        if (operation.Return < operation.Call) return $"return {operation.Return} is before call {operation.Call}";
        if (operation.Outcome is Outcome.Completed && operation.Return is null) return "a completed operation has no return time";
        if (operation.Kind is OperationKind.Put or OperationKind.Append && operation.Argument.IsAbsent) return $"a {operation.Kind} needs a value";
        if (operation.Kind is OperationKind.Transaction) return BrokenTransaction(operation);
        if (operation.Outcome is not Outcome.Completed) return null;
        return operation.Kind switch
        {
            OperationKind.CompareAndSwap when operation.Answer is not (Answer.Swapped or Answer.Mismatched) => "a completed cas must say whether it swapped",
            OperationKind.Delete when operation.Answer is Answer.Swapped or Answer.Mismatched => "a delete cannot swap",
            _ => null,
        };
    }

    private static string? BrokenTransaction(Operation operation)
    {
        if (operation.Transaction is not { } transaction) return "a transaction without steps";
        foreach (var step in transaction.Then.Concat(transaction.Else))
        {
            if (step.Kind is not (OperationKind.Get or OperationKind.Put or OperationKind.Delete)) return $"a transaction cannot hold a {step.Kind}";
            if (step.Kind is OperationKind.Put && step.Argument.IsAbsent) return "a put in a transaction needs a value";
        }
        if (operation.Outcome is not Outcome.Completed) return null;
        if (operation.TransactionResult is not { } result) return "a completed transaction has no result";
        if (result.Taken is TransactionBranch.Else && transaction.If.Count == 0) return "a transaction without conditions took its else branch";
        var taken = result.Taken is TransactionBranch.Then ? transaction.Then : transaction.Else;
        return taken.Count == result.Results.Count ? null : $"a transaction with {taken.Count} steps taken has {result.Results.Count} results";
    }

    private static void CheckClients(IReadOnlyList<Operation> operations, string? source)
    {
        var last = new Dictionary<int, int>();
        foreach (var i in InOrderOfCall(operations))
        {
            var operation = operations[i];
            ref var previous = ref System.Runtime.InteropServices.CollectionsMarshal.GetValueRefOrAddDefault(last, operation.Client, out var seen);
            if (seen && operations[previous].Return > operation.Call)
                throw new HistoryFormatException(Where(operations, i, source), $"client {operation.Client} calls at {operation.Call} while its call at {operations[previous].Call} ({Name(operations, previous)}) runs until {operations[previous].Return}");
            previous = i;
        }
    }

    private static IEnumerable<int> InOrderOfCall(IReadOnlyList<Operation> operations)
    {
        var order = new int[operations.Count];
        var sorted = true;
        for (var i = 0; i < order.Length; i++)
        {
            order[i] = i;
            sorted &= i == 0 || Compare(operations[i - 1], operations[i]) <= 0;
        }
        if (!sorted) Array.Sort(order, (a, b) => Compare(operations[a], operations[b]));
        return order;
    }

    private static int Compare(Operation a, Operation b) =>
        a.Call != b.Call ? a.Call.CompareTo(b.Call) : (a.Return ?? a.Call).CompareTo(b.Return ?? b.Call);

    private static string Where(IReadOnlyList<Operation> operations, int i, string? source) =>
        source is null ? Name(operations, i) : $"{source}:{operations[i].Line}";

    private static string Name(IReadOnlyList<Operation> operations, int i) =>
        operations[i].Line > 0 ? $"line {operations[i].Line}" : $"operation {i}";
}
