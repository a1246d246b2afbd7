using Google.Protobuf;
using Grpc.Core;
using KvStore.Node;
using KvStore.Protocol.V1;

namespace KvStore.Server.Services;

/// <summary>The key by which a transaction finds its range: the first that it names; all others are colocated with it, or it is refused.</summary>
internal static class TransactionKey
{
    /// <summary>More than a transaction may nest, which is checked later.</summary>
    private const int DepthMax = 64;

    /// <exception cref="RpcException">It names none.</exception>
    public static ByteString Of(TransactionRequest transaction) =>
        Find(transaction, 0) ?? throw Errors.ToRpc(new NodeError(NodeErrorCode.InvalidArgument, "the transaction names no key"));

    private static ByteString? Find(TransactionRequest transaction, int depth)
    {
        if (transaction.Compares.Count > 0) return transaction.Compares[0].Key;
        if (depth == DepthMax) return null;
        return transaction.Success.Concat(transaction.Failure).Select(operation => Find(operation, depth)).FirstOrDefault(key => key is not null);
    }

    private static ByteString? Find(TransactionOperation operation, int depth) => operation.OperationCase switch
    {
        TransactionOperation.OperationOneofCase.Get => operation.Get.Key,
        TransactionOperation.OperationOneofCase.Put => operation.Put.Key,
        TransactionOperation.OperationOneofCase.Delete => operation.Delete.Key,
        TransactionOperation.OperationOneofCase.Transaction => Find(operation.Transaction, depth + 1),
        _ => null,
    };
}
