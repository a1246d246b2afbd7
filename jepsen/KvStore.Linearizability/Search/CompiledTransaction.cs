namespace KvStore.Linearizability.Search;

/// <summary>A transaction as the search sees it. Conditions are gets; steps carry their recorded results when the transaction completed.</summary>
internal sealed class CompiledTransaction
{
    private readonly CompiledOperation[] _conditions;
    private readonly CompiledOperation[] _then;
    private readonly CompiledOperation[] _else;

    /// <summary>The branch that it is known to have taken; null when its outcome is unknown.</summary>
    private readonly TransactionBranch? _taken;

    public CompiledTransaction(Operation operation, Func<string, int> slotOf, ValueTable values)
    {
        var transaction = operation.Transaction!;
        var result = operation.Outcome is Outcome.Completed ? operation.TransactionResult : null;
        _taken = result?.Taken;
        _conditions = [.. transaction.If.Select(c => new CompiledOperation(CompiledKind.Get, slotOf(c.Key), values.Intern(c.Expected), 0))];
        _then = Compile(transaction.Then, _taken is TransactionBranch.Then ? result : null, slotOf, values);
        _else = Compile(transaction.Else, _taken is TransactionBranch.Else ? result : null, slotOf, values);
    }

    /// <summary>It completed, and what it is known to have done only reads.</summary>
    public bool IsReadOnly => _taken is { } taken && Array.TrueForAll(Branch(taken), step => step.IsReadOnly);

    /// <summary>Changes the slots in place; false where the recorded result is impossible, and then the slots mean nothing.</summary>
    public bool TryApply(Span<int> slots, ValueTable values)
    {
        var holds = true;
        foreach (var condition in _conditions) holds &= slots[condition.Slot] == condition.A;
        var branch = holds ? TransactionBranch.Then : TransactionBranch.Else;
        if (_taken is { } taken && taken != branch) return false;
        foreach (var step in Branch(branch))
        {
            if (!step.TryStep(values, slots[step.Slot], out var next)) return false;
            slots[step.Slot] = next;
        }
        return true;
    }

    /// <summary>Two transactions of unknown outcome do the same.</summary>
    public bool IsLike(CompiledTransaction other) =>
        _taken == other._taken && _conditions.SequenceEqual(other._conditions) && _then.SequenceEqual(other._then) && _else.SequenceEqual(other._else);

    public int LikeHash() => HashCode.Combine(Hash(_conditions), Hash(_then), Hash(_else));

    private static int Hash(CompiledOperation[] steps)
    {
        var hash = default(HashCode);
        foreach (var step in steps) hash.Add(step);
        return hash.ToHashCode();
    }

    private CompiledOperation[] Branch(TransactionBranch branch) => branch is TransactionBranch.Then ? _then : _else;

    private static CompiledOperation[] Compile(IReadOnlyList<TransactionStep> steps, TransactionResult? result, Func<string, int> slotOf, ValueTable values)
    {
        var compiled = new List<CompiledOperation>(steps.Count);
        for (var i = 0; i < steps.Count; i++)
        {
            var (step, slot) = (steps[i], slotOf(steps[i].Key));
            if (step.Kind is OperationKind.Put)
                compiled.Add(new(CompiledKind.Put, slot, values.Intern(step.Argument), 0));
            else if (step.Kind is OperationKind.Delete)
                compiled.Add(new(CompiledOperation.Delete(result?.Results[i].Answer ?? Answer.None), slot, ValueTable.Absent, 0));
            else if (result is not null)
                compiled.Add(new(CompiledKind.Get, slot, values.Intern(result.Results[i].Value), 0));
        }
        return [.. compiled];
    }
}
