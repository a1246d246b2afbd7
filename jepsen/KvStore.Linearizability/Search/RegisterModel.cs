namespace KvStore.Linearizability.Search;

/// <summary>One key that no transaction touches. Its state is the number of its value.</summary>
internal sealed class RegisterModel : IModel
{
    private readonly CompiledOperation[] _operations;
    private readonly ValueTable _values;

    /// <summary>
    /// Values that some completed operation, or an unknown swap, needs to find. Null when values are also seen in other ways: by a mismatch, by what an
    /// append makes of them, or by whether a delete found something.
    /// </summary>
    private readonly HashSet<int>? _needed = [];

    public RegisterModel(ComponentPlan plan, MemoryAccount memory)
    {
        _values = new ValueTable(memory);
        _operations = new CompiledOperation[plan.Operations.Length];
        var (appends, reads) = (0, 0);
        for (var i = 0; i < _operations.Length; i++)
        {
            var operation = _operations[i] = CompiledOperation.From(plan.Operations[i], slot: 0, _values);
            if (operation.Kind is CompiledKind.Append) appends++;
            if (operation.Kind is CompiledKind.Get) reads++;
            if (operation.Kind is CompiledKind.Append or CompiledKind.Mismatched or CompiledKind.Existed or CompiledKind.Missing) _needed = null;
            else if (operation.Kind is CompiledKind.Get) _needed?.Add(operation.A);
            else if (operation.Kind is CompiledKind.Swapped or CompiledKind.PerhapsSwapped) _needed?.Add(operation.B);
        }
        if (appends > 0) _values.PrepareAppends();
        IsList = appends > 0 && appends + reads == _operations.Length;
    }

    /// <summary>The key is only appended to and read, so that all reads must be prefixes of the longest one.</summary>
    public bool IsList { get; }

    /// <summary>Tells the model of a list which reads will have to be placed: those with a smaller return rank than the goal.</summary>
    public void AimAt(ComponentPlan plan, int goal)
    {
        Invariant.That(IsList);
        var (longest, length) = (ValueTable.Absent, -1);
        for (var rank = 0; rank < goal; rank++)
        {
            var operation = _operations[plan.ByReturn[rank]];
            if (operation.Kind is not CompiledKind.Get || _values.ValueOf(operation.A).Text.Length <= length) continue;
            (longest, length) = (operation.A, _values.ValueOf(operation.A).Text.Length);
        }
        _values.GrowTo(longest);
    }

    public bool TryStep(int state, int operation, out int next) => _operations[operation].TryStep(_values, state, out next);

    public bool IsReadOnly(int operation) => _operations[operation].IsReadOnly;

    public bool IsBlindWrite(int operation) => _operations[operation].IsBlindWrite;

    public bool IsUseless(int operation) => _needed is not null && !_needed.Contains(_operations[operation].A);

    public bool AreAlike(int left, int right) => _operations[left] == _operations[right];

    public int AlikeHash(int operation) => _operations[operation].GetHashCode();

    public string Describe(int state) => _values.ValueOf(state).ToString();
}
