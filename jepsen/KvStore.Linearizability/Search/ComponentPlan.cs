namespace KvStore.Linearizability.Search;

/// <summary>
/// The operations of one component in the form that a search walks. Completed operations have the numbers 0 to <see cref="CompletedCount"/> − 1 in order of
/// call, unknown ones follow, also in order of call. Failed operations and unknown reads are not in it.
/// </summary>
internal sealed class ComponentPlan
{
    /// <summary>The record of a visited configuration holds positions in 16 bits of 64-operation words.</summary>
    public const int OperationsMax = 2_000_000;

    private ComponentPlan(Operation[] operations, int completedCount)
    {
        Operations = operations;
        CompletedCount = completedCount;
        ByReturn = new int[completedCount];
        ReturnRank = new int[completedCount];
        var returns = new long[completedCount];
        for (var i = 0; i < completedCount; i++) (ByReturn[i], returns[i]) = (i, ReturnOf(i));
        Array.Sort(returns, ByReturn);
        for (var rank = 0; rank < completedCount; rank++) ReturnRank[ByReturn[rank]] = rank;
    }

    /// <summary>By number.</summary>
    public Operation[] Operations { get; }

    public int CompletedCount { get; }

    /// <summary>Completed operations in order of return.</summary>
    public int[] ByReturn { get; }

    /// <summary>The place of a completed operation in <see cref="ByReturn"/>.</summary>
    public int[] ReturnRank { get; }

    public static ComponentPlan Of(IReadOnlyList<Operation> operations, ReadOnlySpan<int> members)
    {
        var (completed, unknown) = (new List<Operation>(members.Length), new List<Operation>());
        foreach (var member in members)
        {
            var operation = operations[member];
            (operation.Outcome is Outcome.Completed ? completed : unknown).Add(operation);
        }
        return new ComponentPlan([.. Sorted(completed), .. Sorted(unknown)], completed.Count);
    }

    public long ReturnOf(int completed) => Operations[completed].Return!.Value;

    /// <summary>Stable, so that the search, and with it the report, depends on the history alone.</summary>
    private static IEnumerable<Operation> Sorted(List<Operation> operations)
    {
        for (var i = 1; i < operations.Count; i++)
        {
            if (operations[i].Call < operations[i - 1].Call) return operations.OrderBy(o => o.Call);
        }
        return operations;
    }
}
