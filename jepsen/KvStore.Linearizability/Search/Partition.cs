using System.Runtime.InteropServices;

namespace KvStore.Linearizability.Search;

/// <summary>
/// Cuts a history into components that can be checked apart: a key, or the keys that transactions connect. A history is linearizable if and only if
/// each component is (Herlihy and Wing's locality; a component is one object).
/// </summary>
internal sealed class Partition
{
    private readonly Dictionary<string, int> _numbers = [];
    private readonly List<string> _keys = [];
    private readonly List<int> _parents = [];

    /// <summary>The key of each operation that can matter, −1 for the others.</summary>
    private readonly int[] _keyOf;

    private Partition(IReadOnlyList<Operation> operations)
    {
        _keyOf = new int[operations.Count];
        for (var i = 0; i < _keyOf.Length; i++) _keyOf[i] = CanMatter(operations[i]) ? KeyOf(operations[i]) : -1;
    }

    /// <summary>The components in order of the first key's appearance.</summary>
    public static List<Component> Of(IReadOnlyList<Operation> operations) => new Partition(operations).Components(operations);

    private static bool CanMatter(Operation operation) => operation.Outcome switch
    {
        Outcome.Completed => operation.Kind is not OperationKind.Transaction || operation.Transaction!.Keys.Any(),
        Outcome.Failed => false,
        _ => operation.Kind switch
        {
            OperationKind.Get => false,
            OperationKind.Transaction => operation.Transaction!.Then.Concat(operation.Transaction.Else).Any(s => s.Kind is not OperationKind.Get),
            _ => true,
        },
    };

    private int KeyOf(Operation operation)
    {
        if (operation.Kind is not OperationKind.Transaction) return NumberOf(operation.Key);
        var first = -1;
        foreach (var key in operation.Transaction!.Keys)
        {
            var number = NumberOf(key);
            if (first < 0) first = number;
            else _parents[RootOf(number)] = RootOf(first);
        }
        return first;
    }

    private int NumberOf(string key)
    {
        ref var number = ref CollectionsMarshal.GetValueRefOrAddDefault(_numbers, key, out var exists);
        if (exists) return number;
        number = _keys.Count;
        _keys.Add(key);
        _parents.Add(number);
        return number;
    }

    private int RootOf(int key)
    {
        while (_parents[key] != key) key = _parents[key] = _parents[_parents[key]];
        return key;
    }

    private List<Component> Components(IReadOnlyList<Operation> operations)
    {
        var byRoot = new Component?[_keys.Count];
        var components = new List<Component>();
        for (var key = 0; key < _keys.Count; key++)
        {
            ref var component = ref byRoot[RootOf(key)];
            if (component is null) components.Add(component = new Component());
            component.Keys.Add(_keys[key]);
        }
        for (var i = 0; i < _keyOf.Length; i++)
        {
            if (_keyOf[i] < 0) continue;
            var component = byRoot[RootOf(_keyOf[i])]!;
            component.Members.Add(i);
            component.HasTransactions |= operations[i].Kind is OperationKind.Transaction;
        }
        return components;
    }
}
