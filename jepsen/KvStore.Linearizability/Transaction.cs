namespace KvStore.Linearizability;

/// <summary>A condition of a transaction: the key holds exactly this value (absent: it does not exist).</summary>
public readonly record struct KeyComparison(string Key, Value Expected);

/// <summary>One get, put or delete inside a transaction. It sees what the steps before it wrote.</summary>
public readonly record struct TransactionStep(OperationKind Kind, string Key, Value Argument)
{
    public static TransactionStep Get(string key) => new(OperationKind.Get, key, Value.Absent);

    public static TransactionStep Put(string key, Value value) => new(OperationKind.Put, key, value);

    public static TransactionStep Delete(string key) => new(OperationKind.Delete, key, Value.Absent);
}

/// <summary>If all conditions hold, the first list of steps is done, else the second; all at one instant.</summary>
public sealed record Transaction(IReadOnlyList<KeyComparison> If, IReadOnlyList<TransactionStep> Then, IReadOnlyList<TransactionStep> Else)
{
    /// <summary>The keys that it may read or write, in order of appearance, with repetitions.</summary>
    public IEnumerable<string> Keys => If.Select(c => c.Key).Concat(Then.Select(s => s.Key)).Concat(Else.Select(s => s.Key));
}

/// <summary>Which list of steps a transaction did.</summary>
public enum TransactionBranch
{
    Then,
    Else,
}

/// <summary>A step's answer: the value of a get; for a delete whether the key existed; nothing for a put.</summary>
public readonly record struct StepResult(Value Value, Answer Answer = Answer.None);

/// <summary>The branch that a completed transaction took, and one result for each of its steps.</summary>
public sealed record TransactionResult(TransactionBranch Taken, IReadOnlyList<StepResult> Results);
