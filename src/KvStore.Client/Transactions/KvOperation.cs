using Google.Protobuf;
using V1 = KvStore.Protocol.V1;

namespace KvStore.Client.Transactions;

/// <summary>One operation of a transaction. Its result stands at the same place of <see cref="KvTransactionResult.Results"/>.</summary>
public sealed class KvOperation
{
    private KvOperation(V1.TransactionOperation message) => Message = message;

    internal V1.TransactionOperation Message { get; }

    /// <summary>Reads a key. Result: <see cref="KvGetResult"/>.</summary>
    public static KvOperation Get(KvBytes key) => new(new V1.TransactionOperation { Get = new V1.TransactionGet { Key = Bytes(key) } });

    /// <summary>Reads the keys of an interval. Result: <see cref="KvGetResult"/>.</summary>
    /// <param name="range">The interval.</param>
    /// <param name="limit">Most keys that are read; 0: all.</param>
    /// <param name="order">In which order.</param>
    /// <param name="content">Without values, if they are not needed.</param>
    public static KvOperation Get(KvRange range, int limit = 0, KvScanOrder order = KvScanOrder.Ascending, KvScanContent content = KvScanContent.KeysAndValues)
    {
        if (limit < 0) throw new KvInvalidArgumentException($"limit is {limit}; it must not be negative.");
        return new(new V1.TransactionOperation
        {
            Get = new V1.TransactionGet
            {
                Key = Bytes(range.Start), End = Bytes(range.End), Limit = (uint)limit, Descending = order == KvScanOrder.Descending, KeysOnly = content == KvScanContent.KeysOnly,
            },
        });
    }

    /// <summary>Counts the keys of an interval. Result: <see cref="KvGetResult"/> without entries.</summary>
    public static KvOperation Count(KvRange range) => new(new V1.TransactionOperation { Get = new V1.TransactionGet { Key = Bytes(range.Start), End = Bytes(range.End), CountOnly = true } });

    /// <summary>Sets a key's value. Result: <see cref="KvPutResult"/>.</summary>
    /// <param name="key">The key.</param>
    /// <param name="value">The value.</param>
    /// <param name="lease">The lease with which the key ends; none detaches it.</param>
    /// <param name="previous">Whether the result tells what was there.</param>
    public static KvOperation Put(KvBytes key, KvBytes value, KvLeaseId lease = default, KvPrevious previous = KvPrevious.Left) => new(new V1.TransactionOperation
    {
        Put = new V1.TransactionPut { Key = Bytes(key), Value = Bytes(value), Lease = lease.Value, ReturnPrevious = previous == KvPrevious.Returned },
    });

    /// <summary>Deletes a key, if there is such a key. Result: <see cref="KvDeleteResult"/>.</summary>
    public static KvOperation Delete(KvBytes key, KvPrevious previous = KvPrevious.Left) => new(new V1.TransactionOperation
    {
        Delete = new V1.TransactionDelete { Key = Bytes(key), ReturnPrevious = previous == KvPrevious.Returned },
    });

    /// <summary>Deletes the keys of an interval. Result: <see cref="KvDeleteResult"/>.</summary>
    public static KvOperation Delete(KvRange range, KvPrevious previous = KvPrevious.Left) => new(new V1.TransactionOperation
    {
        Delete = new V1.TransactionDelete { Key = Bytes(range.Start), End = Bytes(range.End), ReturnPrevious = previous == KvPrevious.Returned },
    });

    /// <summary>A transaction within the transaction. Its compares see the state before the outer one wrote anything. Result: <see cref="KvNestedResult"/>.</summary>
    public static KvOperation Nested(IEnumerable<KvCompare> when, IEnumerable<KvOperation> then, IEnumerable<KvOperation> otherwise)
    {
        var nested = new V1.TransactionRequest();
        nested.Compares.AddRange(when.Select(c => c.Message));
        nested.Success.AddRange(then.Select(o => o.Message));
        nested.Failure.AddRange(otherwise.Select(o => o.Message));
        return new(new V1.TransactionOperation { Transaction = nested });
    }

    private static ByteString Bytes(KvBytes bytes) => UnsafeByteOperations.UnsafeWrap(bytes.Memory);
}

/// <summary>Whether a write of a transaction tells what was there before it.</summary>
public enum KvPrevious
{
    /// <summary>It does not.</summary>
    Left,
    /// <summary>It does.</summary>
    Returned,
}
