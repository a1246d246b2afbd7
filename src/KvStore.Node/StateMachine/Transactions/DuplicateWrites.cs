using Google.Protobuf;
using KvStore.Node.Commands;

namespace KvStore.Node.StateMachine.Transactions;

/// <summary>
/// Finds keys that two operations of one branch could both write: two puts, or a put and a delete. The branches of a nested transaction exclude each other.
/// It looks at the transaction alone, not at what is stored, so that a program either always or never gets the error.
/// </summary>
internal sealed class DuplicateWrites
{
    /// <summary>A put or a deleted interval, by the operation of the list at hand that holds it.</summary>
    private readonly record struct Put(ReadOnlyMemory<byte> Key, int Operation);
    private readonly record struct Deletion(ReadOnlyMemory<byte> Start, ReadOnlyMemory<byte> End, int Operation);

    private readonly List<Put> puts = [];
    private readonly List<Deletion> deletions = [];

    /// <exception cref="TransactionRefusedException">There is one; names it.</exception>
    public static void Check(Transaction transaction)
    {
        Collect(transaction.Success);
        Collect(transaction.Failure);
    }

    private static DuplicateWrites Collect(IReadOnlyList<TransactionOperation> operations)
    {
        var writes = new DuplicateWrites();
        for (var i = 0; i < operations.Count; i++)
        {
            switch (operations[i].OperationCase)
            {
                case TransactionOperation.OperationOneofCase.Put:
                    writes.puts.Add(new Put(operations[i].Put.Key.Memory, i));
                    break;
                case TransactionOperation.OperationOneofCase.Delete:
                    var delete = operations[i].Delete;
                    writes.deletions.Add(new Deletion(delete.Key.Memory, delete.HasEnd ? delete.End.Memory : After(delete.Key), i));
                    break;
                case TransactionOperation.OperationOneofCase.Transaction:
                    writes.Take(Collect(operations[i].Transaction.Success), i);
                    writes.Take(Collect(operations[i].Transaction.Failure), i);
                    break;
            }
        }
        writes.ThrowIfTwice();
        return writes;
    }

    private void Take(DuplicateWrites inner, int operation)
    {
        foreach (var put in inner.puts) puts.Add(put with { Operation = operation });
        foreach (var deletion in inner.deletions) deletions.Add(deletion with { Operation = operation });
    }

    private void ThrowIfTwice()
    {
        if (puts.Count == 0 || puts.Count + deletions.Count == 1) return;
        puts.Sort(static (a, b) => a.Key.Span.SequenceCompareTo(b.Key.Span) is var byKey and not 0 ? byKey : a.Operation.CompareTo(b.Operation));
        for (var i = 1; i < puts.Count; i++)
            if (puts[i].Operation != puts[i - 1].Operation && puts[i].Key.Span.SequenceEqual(puts[i - 1].Key.Span)) throw Twice(puts[i].Key.Span);
        if (deletions.Count == 0) return;
        var nextOfOther = NextOfOtherOperation();
        foreach (var deletion in deletions)
        {
            var i = LowerBound(deletion.Start.Span);
            if (i < puts.Count && puts[i].Operation == deletion.Operation) i = nextOfOther[i];
            if (i < puts.Count && (deletion.End.IsEmpty || puts[i].Key.Span.SequenceCompareTo(deletion.End.Span) < 0)) throw Twice(puts[i].Key.Span);
        }
    }

    /// <summary>For each put the next one that is not of the same operation, so that each deletion is checked in logarithmic time.</summary>
    private int[] NextOfOtherOperation()
    {
        var next = new int[puts.Count];
        next[^1] = puts.Count;
        for (var i = puts.Count - 2; i >= 0; i--) next[i] = puts[i].Operation == puts[i + 1].Operation ? next[i + 1] : i + 1;
        return next;
    }

    private int LowerBound(ReadOnlySpan<byte> key)
    {
        int low = 0, high = puts.Count;
        while (low < high)
        {
            var middle = (low + high) >>> 1;
            if (puts[middle].Key.Span.SequenceCompareTo(key) < 0) low = middle + 1;
            else high = middle;
        }
        return low;
    }

    private static byte[] After(ByteString key) => [.. key.Span, 0];

    private static TransactionRefusedException Twice(ReadOnlySpan<byte> key) =>
        TransactionRefusedException.Invalid($"key {KeyText.Of(key)} is written twice in one branch");
}
