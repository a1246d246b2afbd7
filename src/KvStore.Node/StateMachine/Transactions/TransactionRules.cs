using Google.Protobuf;
using KvStore.Node.Commands;
using KvStore.Node.Placement;

namespace KvStore.Node.StateMachine.Transactions;

/// <summary>What can be said of a transaction without looking at what is stored. Asked before proposing, for a good answer, and again in apply, where it decides.</summary>
internal sealed class TransactionRules
{
    private readonly Colocation? colocation;
    private readonly int valueBytesMax;
    /// <summary>The first key that the transaction names: all others have to be of its unit.</summary>
    private ReadOnlyMemory<byte>? first;

    /// <param name="colocation">Null: not known here; apply will know.</param>
    /// <param name="valueBytesMax">Apply does not check it, since nodes may differ.</param>
    private TransactionRules(Colocation? colocation, int valueBytesMax)
    {
        this.colocation = colocation;
        this.valueBytesMax = valueBytesMax;
    }

    /// <returns>A key of the transaction's unit.</returns>
    /// <exception cref="TransactionRefusedException">A rule is broken; the message says where.</exception>
    public static ReadOnlyMemory<byte> Check(Transaction transaction, Colocation? colocation, int valueBytesMax = int.MaxValue)
    {
        var rules = new TransactionRules(colocation, valueBytesMax);
        rules.CheckTransaction(transaction);
        DuplicateWrites.Check(transaction);
        return rules.first ?? throw TransactionRefusedException.Invalid($"the transaction names no key");
    }

    private void CheckTransaction(Transaction transaction)
    {
        CheckEach(transaction.Compares, "compares", CheckCompare);
        CheckEach(transaction.Success, "success", CheckOperation);
        CheckEach(transaction.Failure, "failure", CheckOperation);
    }

    private static void CheckEach<T>(IReadOnlyList<T> items, string list, Action<T> check)
    {
        for (var i = 0; i < items.Count; i++)
        {
            try
            {
                check(items[i]);
            }
            catch (TransactionRefusedException e)
            {
                throw e.At($"{list}[{i}].");
            }
        }
    }

    private void CheckCompare(Compare compare)
    {
        CheckKeys(compare.Key, compare.HasEnd ? compare.End : null);
        if (compare.Relation is < CompareRelation.Equal or > CompareRelation.GreaterOrEqual)
            throw TransactionRefusedException.Invalid($"relation: {(int)compare.Relation} is not known to this node");
        if (compare.TargetCase == Compare.TargetOneofCase.None) throw TransactionRefusedException.Invalid($"target: none is given");
        if (compare.TargetCase == Compare.TargetOneofCase.Exists && compare.Relation != CompareRelation.Equal)
            throw TransactionRefusedException.Invalid($"relation: exists takes EQUAL only");
        if (compare.TargetCase == Compare.TargetOneofCase.Value) CheckValue(compare.Value);
    }

    private void CheckOperation(TransactionOperation operation)
    {
        switch (operation.OperationCase)
        {
            case TransactionOperation.OperationOneofCase.Get:
                CheckKeys(operation.Get.Key, operation.Get.HasEnd ? operation.Get.End : null);
                break;
            case TransactionOperation.OperationOneofCase.Put:
                CheckPut(operation.Put);
                break;
            case TransactionOperation.OperationOneofCase.Delete:
                CheckKeys(operation.Delete.Key, operation.Delete.HasEnd ? operation.Delete.End : null);
                break;
            case TransactionOperation.OperationOneofCase.Transaction:
                CheckTransaction(operation.Transaction);
                break;
            default:
                throw TransactionRefusedException.Invalid($"holds no operation");
        }
    }

    private void CheckPut(TransactionPut put)
    {
        CheckKeys(put.Key, null);
        CheckValue(put.Value);
        if (put.KeepValue && !put.Value.IsEmpty) throw TransactionRefusedException.Invalid($"value: must be empty with keep_value");
        if (put.KeepLease && put.Lease != LeaseAttachments.None) throw TransactionRefusedException.Invalid($"lease: must be 0 with keep_lease");
    }

    private void CheckValue(ByteString value)
    {
        if (value.Length > valueBytesMax) throw TransactionRefusedException.Invalid($"value is {value.Length} bytes long; the limit is {valueBytesMax}");
    }

    private void CheckKeys(ByteString key, ByteString? end)
    {
        if (key.Length > CommandLimits.KeyBytesMax) throw TransactionRefusedException.Invalid($"key is {key.Length} bytes long; the limit is {CommandLimits.KeyBytesMax}");
        if (key.IsEmpty && (end is null || colocation == Colocation.ByPrefix)) throw TransactionRefusedException.Invalid($"key is empty");
        if (end is { Length: > CommandLimits.KeyBytesMax + 1 }) throw TransactionRefusedException.Invalid($"end is {end.Length} bytes long; the limit is {CommandLimits.KeyBytesMax + 1}");
        if (end is { IsEmpty: false } && end.Span.SequenceCompareTo(key.Span) <= 0)
            throw TransactionRefusedException.Invalid($"end: {KeyText.Of(end.Span)} does not lie above key {KeyText.Of(key.Span)}");
        first ??= key.Memory;
        if (colocation is { } rule) CheckUnit(new ColocationUnit(rule, first.Value.Span), key, end);
    }

    private void CheckUnit(ColocationUnit unit, ByteString key, ByteString? end)
    {
        if (end is null ? unit.Contains(key.Span) : unit.Contains(key.Span, end.Span)) return;
        throw unit.Contains(key.Span)
            ? NotColocated("end", end!.IsEmpty ? "the end of the keyspace" : KeyText.Of(end.Span), key.Span, new KeysApart(key.Memory, end.Memory))
            : NotColocated("key", KeyText.Of(key.Span), first!.Value.Span, new KeysApart(key.Memory, first.Value));
    }

    private static TransactionRefusedException NotColocated(string field, string name, ReadOnlySpan<byte> key, KeysApart keys) => new(CommandStatus.NotColocated,
        $"{field}: {name} and {KeyText.Of(key)} are not colocated: a transaction takes in only keys with the same prefix up to the first '/'") { Keys = keys };
}
