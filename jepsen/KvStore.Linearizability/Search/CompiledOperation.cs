namespace KvStore.Linearizability.Search;

/// <summary>An operation as the search sees it: values are numbers in the component's <see cref="ValueTable"/>, keys are slots.</summary>
internal readonly record struct CompiledOperation(CompiledKind Kind, int Slot, int A, int B)
{
    public static CompiledOperation From(Operation operation, int slot, ValueTable values) => operation.Kind switch
    {
        OperationKind.Get => new(CompiledKind.Get, slot, values.Intern(operation.Result), 0),
        OperationKind.Put => new(CompiledKind.Put, slot, values.Intern(operation.Argument), 0),
        OperationKind.Append => new(CompiledKind.Append, slot, values.Intern(operation.Argument), 0),
        OperationKind.Delete => new(Delete(operation.Answer), slot, ValueTable.Absent, 0),
        OperationKind.CompareAndSwap => new(Swap(operation), slot, values.Intern(operation.Argument), values.Intern(operation.Expected)),
        _ => throw new ArgumentException("a transaction is compiled by its own model", nameof(operation)),
    };

    public static CompiledKind Delete(Answer answer) => answer switch
    {
        Answer.Existed => CompiledKind.Existed,
        Answer.Missing => CompiledKind.Missing,
        _ => CompiledKind.Put,
    };

    /// <summary>Wherever it is legal, it leaves the state as it is.</summary>
    public bool IsReadOnly => Kind is CompiledKind.Get or CompiledKind.Mismatched or CompiledKind.Missing || (Kind is CompiledKind.Swapped && A == B);

    /// <summary>It is legal in every state and the state after it does not depend on the state before.</summary>
    public bool IsBlindWrite => Kind is CompiledKind.Put;

    /// <summary>The transition of one key from <paramref name="state"/>, or false where the recorded answer is impossible.</summary>
    public bool TryStep(ValueTable values, int state, out int next)
    {
        next = state;
        switch (Kind)
        {
            case CompiledKind.Get:
                return state == A;
            case CompiledKind.Put:
                next = A;
                return true;
            case CompiledKind.Swapped:
                next = A;
                return state == B;
            case CompiledKind.Mismatched:
                return state != B;
            case CompiledKind.PerhapsSwapped:
                if (state == B) next = A;
                return true;
            case CompiledKind.Existed:
                next = ValueTable.Absent;
                return state != ValueTable.Absent;
            case CompiledKind.Missing:
                return state == ValueTable.Absent;
            default:
                return values.TryAppend(state, A, out next);
        }
    }

    private static CompiledKind Swap(Operation operation) => operation.Outcome is Outcome.Unknown ? CompiledKind.PerhapsSwapped
        : operation.Answer is Answer.Swapped ? CompiledKind.Swapped : CompiledKind.Mismatched;
}
