using KvStore.Node.Commands;

namespace KvStore.Node.StateMachine.Transactions;

/// <summary>Which branch a transaction takes, and each of those nested in it, in order. Decided for all of them before anything is written.</summary>
internal sealed record TransactionPath(bool Succeeded, IReadOnlyList<TransactionPath> Nested)
{
    private static readonly TransactionPath[] NoneNested = [];

    public static TransactionPath Choose(Transaction transaction, CompareEvaluation compares)
    {
        var succeeded = compares.AllHold(transaction.Compares);
        List<TransactionPath>? nested = null;
        foreach (var operation in Branch(transaction, succeeded))
            if (operation.OperationCase == TransactionOperation.OperationOneofCase.Transaction) (nested ??= []).Add(Choose(operation.Transaction, compares));
        return new TransactionPath(succeeded, (IReadOnlyList<TransactionPath>?)nested ?? NoneNested);
    }

    public static IReadOnlyList<TransactionOperation> Branch(Transaction transaction, bool succeeded) => succeeded ? transaction.Success : transaction.Failure;
}
