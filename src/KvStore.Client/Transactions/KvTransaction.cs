using Google.Protobuf;
using V1 = KvStore.Protocol.V1;

namespace KvStore.Client.Transactions;

/// <summary>
/// A transaction under construction: if all compares of <see cref="When"/> hold, the operations of <see cref="Then"/> are carried out in order, else those of <see cref="Else"/>;
/// all of it at one revision, or nothing. Operations see what earlier ones of the same transaction wrote. Retries are safe: it is applied once, and gives its first result.
/// </summary>
/// <remarks>
/// All keys and intervals lie in one colocation unit: the keys with the same prefix up to and including the first <c>/</c> (a key without <c>/</c> is alone), or the whole keyspace when it is
/// never split. The transaction has at most 4 MiB less 8 KiB, and so have its results; it nests at most 8 deep and looks at no more than 1,000,000 keys. Two operations of one branch may not
/// write the same key; deleting twice is allowed. Compares, those of nested transactions too, are decided before anything is written. Not thread-safe.
/// </remarks>
public sealed class KvTransaction
{
    /// <summary>The nodes take 4 MiB, and the rest of the request needs some of it.</summary>
    internal const int BytesMax = (4 << 20) - (8 << 10);

    private readonly KvKeyspace _keyspace;
    private readonly V1.TransactionRequest _request = new();

    internal KvTransaction(KvKeyspace keyspace) => _keyspace = keyspace;

    /// <summary>Adds compares, which all have to hold. Without any the operations of <see cref="Then"/> are carried out.</summary>
    public KvTransaction When(params IEnumerable<KvCompare> compares)
    {
        _request.Compares.AddRange(compares.Select(c => c.Message));
        return this;
    }

    /// <summary>Adds operations for the case that the compares hold.</summary>
    public KvTransaction Then(params IEnumerable<KvOperation> operations)
    {
        _request.Success.AddRange(operations.Select(o => o.Message));
        return this;
    }

    /// <summary>Adds operations for the case that a compare does not hold.</summary>
    public KvTransaction Else(params IEnumerable<KvOperation> operations)
    {
        _request.Failure.AddRange(operations.Select(o => o.Message));
        return this;
    }

    /// <summary>Carries the transaction out. May be called again, and is then another transaction with the same content.</summary>
    /// <exception cref="KvNotColocatedException">A key lies in another colocation unit than the first one; both are named.</exception>
    /// <exception cref="KvInvalidArgumentException">A key could be written twice (it is named), a limit is broken, or there is no key at all.</exception>
    /// <exception cref="KvLeaseNotFoundException">A put names a lease that is unknown or has ended.</exception>
    /// <exception cref="KvPreconditionFailedException">A value or lease was to be kept, and there is no such key.</exception>
    /// <exception cref="KvFencedException">The fence's token is not the lock holder's.</exception>
    /// <exception cref="KvSessionExpiredException">Whether the transaction took effect cannot be known any more.</exception>
    public ValueTask<KvTransactionResult> CommitAsync(KvWriteOptions? options = null, CancellationToken cancellationToken = default)
    {
        var key = FirstKey(_request) ?? throw new KvInvalidArgumentException("The transaction names no key.");
        var bytes = _request.ToByteArray();
        if (bytes.Length > BytesMax) throw new KvInvalidArgumentException($"The transaction has {bytes.Length} bytes; the limit is {BytesMax}.");
        return _keyspace.CommitAsync(key, bytes, options, cancellationToken);
    }

    private static ByteString? FirstKey(V1.TransactionRequest transaction) =>
        transaction.Compares.Count > 0 ? transaction.Compares[0].Key : transaction.Success.Concat(transaction.Failure).Select(FirstKey).FirstOrDefault(k => k is not null);

    private static ByteString? FirstKey(V1.TransactionOperation operation) => operation.OperationCase switch
    {
        V1.TransactionOperation.OperationOneofCase.Get => operation.Get.Key,
        V1.TransactionOperation.OperationOneofCase.Put => operation.Put.Key,
        V1.TransactionOperation.OperationOneofCase.Delete => operation.Delete.Key,
        _ => FirstKey(operation.Transaction),
    };
}
