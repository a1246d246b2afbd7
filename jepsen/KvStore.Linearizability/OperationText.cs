using System.Text;

namespace KvStore.Linearizability;

/// <summary>Operations in words, for messages and the timeline.</summary>
internal static class OperationText
{
    public static string Describe(Operation operation) => $"{Request(operation)}{Reply(operation)}";

    private static string Request(Operation operation)
    {
        var key = Value.Of(operation.Key);
        return operation.Kind switch
        {
            OperationKind.Get => $"get {key}",
            OperationKind.Put => $"put {key} {operation.Argument}",
            OperationKind.Delete => $"delete {key}",
            OperationKind.CompareAndSwap => $"cas {key} {operation.Expected}→{operation.Argument}",
            OperationKind.Append => $"append {key} {operation.Argument}",
            _ => Request(operation.Transaction!),
        };
    }

    private static string Reply(Operation operation) => operation.Outcome switch
    {
        Outcome.Failed => " (failed)",
        Outcome.Unknown => " (unknown)",
        _ => operation.Kind switch
        {
            OperationKind.Get => $" = {operation.Result}",
            OperationKind.Transaction => Reply(operation.TransactionResult!),
            _ => operation.Answer is Answer.None ? "" : $" = {Word(operation.Answer)}",
        },
    };

    private static string Request(Transaction transaction)
    {
        var text = new StringBuilder("txn");
        if (transaction.If.Count > 0) text.Append(" if ").AppendJoin(", ", transaction.If.Select(c => $"{Value.Of(c.Key)}={c.Expected}")).Append(" then");
        text.Append(" {").AppendJoin("; ", transaction.Then.Select(Describe)).Append('}');
        if (transaction.Else.Count > 0) text.Append(" else {").AppendJoin("; ", transaction.Else.Select(Describe)).Append('}');
        return text.ToString();
    }

    private static string Describe(TransactionStep step) => step.Kind switch
    {
        OperationKind.Get => $"get {Value.Of(step.Key)}",
        OperationKind.Put => $"put {Value.Of(step.Key)} {step.Argument}",
        _ => $"delete {Value.Of(step.Key)}",
    };

    private static string Reply(TransactionResult result) =>
        $" = {(result.Taken is TransactionBranch.Then ? "then" : "else")} ({string.Join(", ", result.Results.Select(r => r.Answer is Answer.None ? r.Value.ToString() : Word(r.Answer)))})";

    private static string Word(Answer answer) => answer switch
    {
        Answer.Swapped => "swapped",
        Answer.Mismatched => "mismatch",
        Answer.Existed => "existed",
        Answer.Missing => "missing",
        _ => "",
    };
}
