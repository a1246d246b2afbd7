namespace KvStore.Linearizability.Search;

/// <summary>Several keys that transactions connect. A state is the tuple of their values, so that a transaction is one step: strict serializability.</summary>
internal sealed class TransactionModel : IModel
{
    private readonly CompiledOperation[] _operations;
    private readonly List<CompiledTransaction> _transactions = [];
    private readonly List<string> _keys = [];
    private readonly Dictionary<string, int> _slots = [];
    private readonly ValueTable _values;
    private readonly StateTable _states;
    private readonly int[] _scratch;

    public TransactionModel(ComponentPlan plan, MemoryAccount memory)
    {
        _values = new ValueTable(memory);
        _operations = Array.ConvertAll(plan.Operations, Compile);
        if (Array.Exists(_operations, o => o.Kind is CompiledKind.Append)) _values.PrepareAppends();
        _states = new StateTable(_keys.Count, memory);
        _scratch = new int[_keys.Count];
    }

    public bool TryStep(int state, int operation, out int next)
    {
        var compiled = _operations[operation];
        next = state;
        if (compiled.Kind is CompiledKind.Transaction)
        {
            _states[state].CopyTo(_scratch);
            if (!_transactions[compiled.A].TryApply(_scratch, _values)) return false;
        }
        else
        {
            var before = _states[state][compiled.Slot];
            if (!compiled.TryStep(_values, before, out var after)) return false;
            if (before == after) return true;
            _states[state].CopyTo(_scratch);
            _scratch[compiled.Slot] = after;
        }
        next = _states.Intern(_scratch);
        return true;
    }

    public bool IsReadOnly(int operation) =>
        _operations[operation].Kind is CompiledKind.Transaction ? _transactions[_operations[operation].A].IsReadOnly : _operations[operation].IsReadOnly;

    /// <summary>A write of one key leaves the others to be seen.</summary>
    public bool IsBlindWrite(int operation) => false;

    public bool IsUseless(int operation) => false;

    public bool AreAlike(int left, int right) =>
        _operations[left].Kind is CompiledKind.Transaction && _operations[right].Kind is CompiledKind.Transaction
            ? _transactions[_operations[left].A].IsLike(_transactions[_operations[right].A])
            : _operations[left] == _operations[right];

    public int AlikeHash(int operation) =>
        _operations[operation].Kind is CompiledKind.Transaction ? _transactions[_operations[operation].A].LikeHash() : _operations[operation].GetHashCode();

    public string Describe(int state)
    {
        var slots = _states[state].ToArray();
        return string.Join(", ", slots.Select((value, slot) => $"{Value.Of(_keys[slot])}={_values.ValueOf(value)}"));
    }

    private CompiledOperation Compile(Operation operation)
    {
        if (operation.Kind is not OperationKind.Transaction) return CompiledOperation.From(operation, SlotOf(operation.Key), _values);
        _transactions.Add(new CompiledTransaction(operation, SlotOf, _values));
        return new CompiledOperation(CompiledKind.Transaction, 0, _transactions.Count - 1, 0);
    }

    private int SlotOf(string key)
    {
        if (!_slots.TryGetValue(key, out var slot))
        {
            slot = _slots[key] = _keys.Count;
            _keys.Add(key);
        }
        return slot;
    }
}
