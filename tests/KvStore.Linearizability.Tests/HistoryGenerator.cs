namespace KvStore.Linearizability.Tests;

/// <summary>
/// Histories that are linearizable by construction: each operation takes effect on one store at an instant between its call and its return, or, when
/// it ends in doubt, at an instant after its call or never. And mutations of them that may be not.
/// </summary>
internal sealed class HistoryGenerator(int seed)
{
    /// <summary>Some histories hold nothing that can change, such as a lone read in doubt.</summary>
    private const int MutationAttempts = 50;

    private readonly Random _random = new(seed);
    private int _written;

    public List<Operation> Legal(HistoryShape shape)
    {
        var store = new Dictionary<string, Value>();
        var operations = new List<Operation>(shape.Operations);
        var effects = new PriorityQueue<(int Client, Operation Operation), long>();
        var clientIds = Enumerable.Range(0, shape.Clients).ToArray();
        var nextClientId = shape.Clients;
        for (var client = 0; client < shape.Clients; client++) Call(client, _random.Next(shape.DelayMax));

        while (operations.Count < shape.Operations)
        {
            effects.TryDequeue(out var effect, out var now);
            if (effect.Client < 0)
            {
                SequentialStore.Do(effect.Operation, store, effect.Operation.Call);
                continue;
            }
            var returns = now + _random.Next(shape.DelayMax + 1);
            var fate = _random.Next(100);
            if (fate < shape.UnknownPercent)
            {
                operations.Add(_random.Next(2) == 0 ? effect.Operation : effect.Operation.Abandoned(returns));
                if (_random.Next(2) == 0) effects.Enqueue((-1, effect.Operation), now + _random.Next(shape.DelayMax * 4));
                clientIds[effect.Client] = nextClientId++;
            }
            else if (fate < shape.UnknownPercent + shape.FailedPercent)
            {
                operations.Add(effect.Operation.Failed(returns));
            }
            else
            {
                operations.Add(Forgetful(SequentialStore.Do(effect.Operation, store, returns)));
            }
            Call(effect.Client, returns + _random.Next(shape.DelayMax));
        }
        return operations;

        void Call(int client, long time) =>
            effects.Enqueue((client, Request(shape, clientIds[client], time)), time + _random.Next(shape.DelayMax + 1));
    }

    /// <summary>One answer, value or time changed; the result may or may not be legal, but is well formed. Unchanged where nothing could be changed.</summary>
    public List<Operation> Mutated(List<Operation> legal, HistoryShape shape)
    {
        for (var attempt = 0; attempt < MutationAttempts; attempt++)
        {
            var operations = new List<Operation>(legal);
            var at = _random.Next(operations.Count);
            operations[at] = Mutated(operations[at], shape);
            if (operations[at] == legal[at]) continue;
            if (!OverlapsItself(operations, at)) return operations;
        }
        return legal;
    }

    private static bool OverlapsItself(List<Operation> operations, int at) =>
        operations.Where((o, i) => i != at && o.Client == operations[at].Client).Any(o => o.Call < operations[at].Return && operations[at].Call < (o.Return ?? long.MaxValue));

    private Operation Mutated(Operation operation, HistoryShape shape)
    {
        if (operation.Outcome is not Outcome.Completed) return operation.Kind is OperationKind.Get ? operation : operation.Failed(operation.Return ?? operation.Call);
        var shift = _random.Next(-10, 11);
        return (_random.Next(3), operation.Kind) switch
        {
            (0, _) => operation with { Call = operation.Call + shift, Return = operation.Return + shift },
            (_, OperationKind.Get) => operation with { Result = _random.Next(4) == 0 ? Value.Absent : Written(shape) },
            (_, OperationKind.Put) => operation with { Argument = Written(shape) },
            (1, OperationKind.CompareAndSwap) => operation with { Answer = operation.Answer is Answer.Swapped ? Answer.Mismatched : Answer.Swapped },
            (_, OperationKind.CompareAndSwap) => operation with { Expected = Written(shape) },
            (_, OperationKind.Delete) => operation with { Answer = (Answer)_random.Next((int)Answer.Existed, (int)Answer.Missing + 1) },
            (_, OperationKind.Append) => operation.Failed(operation.Return!.Value),
            _ => operation with { TransactionResult = Mutated(operation.TransactionResult!, shape) },
        };
    }

    private TransactionResult Mutated(TransactionResult result, HistoryShape shape)
    {
        if (result.Results.Count == 0) return result;
        var results = result.Results.ToList();
        var at = _random.Next(results.Count);
        if (results[at].Answer is not Answer.None) results[at] = new StepResult(Value.Absent, results[at].Answer is Answer.Existed ? Answer.Missing : Answer.Existed);
        else if (!results[at].Value.IsAbsent) results[at] = new StepResult(Written(shape));
        return result with { Results = results };
    }

    /// <summary>A delete need not report.</summary>
    private Operation Forgetful(Operation operation) =>
        operation.Kind is OperationKind.Delete && _random.Next(3) == 0 ? operation with { Answer = Answer.None } : operation;

    private Operation Request(HistoryShape shape, int client, long call)
    {
        var key = Key(shape);
        return shape.Kinds[_random.Next(shape.Kinds.Count)] switch
        {
            OperationKind.Get => Operation.Get(client, key, call),
            OperationKind.Put => Operation.Put(client, key, NewValue(shape), call),
            OperationKind.Delete => Operation.Delete(client, key, call),
            OperationKind.Append => Operation.Append(client, key, NewValue(shape).Text + ",", call),
            OperationKind.CompareAndSwap => Operation.CompareAndSwap(client, key, Perhaps(Written(shape)), Perhaps(NewValue(shape)), call),
            _ => Operation.Transact(client, Transaction(shape), call),
        };
    }

    private Transaction Transaction(HistoryShape shape)
    {
        var conditions = Enumerable.Range(0, _random.Next(2)).Select(_ => new KeyComparison(Key(shape), Perhaps(Written(shape)))).ToList();
        return new Transaction(conditions, Steps(shape), conditions.Count == 0 ? [] : Steps(shape));
    }

    private List<TransactionStep> Steps(HistoryShape shape) =>
        [.. Enumerable.Range(0, _random.Next(1, 4)).Select(_ => _random.Next(4) switch
        {
            0 => TransactionStep.Put(Key(shape), NewValue(shape)),
            1 => TransactionStep.Delete(Key(shape)),
            _ => TransactionStep.Get(Key(shape)),
        })];

    private string Key(HistoryShape shape) => $"k{_random.Next(shape.Keys)}";

    private Value NewValue(HistoryShape shape) => shape.Values > 0 ? _random.Next(shape.Values) : ++_written;

    /// <summary>A value that was, or may have been, written.</summary>
    private Value Written(HistoryShape shape) => shape.Values > 0 ? _random.Next(shape.Values) : _random.Next(Math.Max(1, _written - 5), _written + 1);

    private Value Perhaps(Value value) => _random.Next(4) == 0 ? Value.Absent : value;
}
