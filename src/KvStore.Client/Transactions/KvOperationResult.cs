using V1 = KvStore.Protocol.V1;

namespace KvStore.Client.Transactions;

/// <summary>What one operation of a transaction did.</summary>
public abstract record KvOperationResult
{
    private protected KvOperationResult()
    {
    }

    internal static IReadOnlyList<KvOperationResult> Of(IEnumerable<V1.TransactionResult> results) => [.. results.Select(Of)];

    private static KvOperationResult Of(V1.TransactionResult result) => result.ResultCase switch
    {
        V1.TransactionResult.ResultOneofCase.Get => new KvGetResult([.. result.Get.Kvs.Select(Entry)], (long)result.Get.Count, result.Get.More),
        V1.TransactionResult.ResultOneofCase.Put => new KvPutResult(result.Put.Previous is { } previous ? Entry(previous) : null),
        V1.TransactionResult.ResultOneofCase.Delete => new KvDeleteResult((long)result.Delete.Deleted, [.. result.Delete.Previous.Select(Entry)]),
        V1.TransactionResult.ResultOneofCase.Transaction => new KvNestedResult(result.Transaction.Succeeded, Of(result.Transaction.Results)),
        _ => throw new FormatException("the node answers an operation with something that this version does not know"),
    };

    private static KvEntry Entry(V1.KeyValue kv) => new(new KvBytes(kv.Key.Memory), new KvBytes(kv.Value.Memory), kv.CreateRevision, kv.ModRevision, kv.Version, new KvLeaseId(kv.Lease));
}

/// <summary>What a get found.</summary>
/// <param name="Entries">The keys, in the order that was asked for.</param>
/// <param name="Count">Their number; of a count, all that lie in the interval.</param>
/// <param name="More">Whether the limit left some out.</param>
public sealed record KvGetResult(IReadOnlyList<KvEntry> Entries, long Count, bool More) : KvOperationResult
{
    /// <summary>The first key; null when there is none.</summary>
    public KvEntry? Entry => Entries.Count > 0 ? Entries[0] : null;
}

/// <summary>What a put did.</summary>
/// <param name="Previous">What was there, when that was asked for; null: no such key.</param>
public sealed record KvPutResult(KvEntry? Previous) : KvOperationResult;

/// <summary>What a delete did.</summary>
/// <param name="Deleted">The number of keys that were there.</param>
/// <param name="Previous">What was there, when that was asked for, in key order.</param>
public sealed record KvDeleteResult(long Deleted, IReadOnlyList<KvEntry> Previous) : KvOperationResult;

/// <summary>What a nested transaction did.</summary>
/// <param name="Succeeded">Whether its compares held.</param>
/// <param name="Results">One result for each operation of the branch that was taken.</param>
public sealed record KvNestedResult(bool Succeeded, IReadOnlyList<KvOperationResult> Results) : KvOperationResult;
