using KvStore.Client.Internal.Operations;

namespace KvStore.Client.Internal.Wire;

/// <summary>One operation as kvstore.v1 Operation; its answer from kvstore.v1 OperationResult.</summary>
internal static class OperationWire
{
    private const int SequenceField = 9;
    private const int FenceField = 11;

    /// <summary>Of the request message inside the operation.</summary>
    public static int RequestSize(Operation o)
    {
        var key = WireSize.Delimited(o.Key.Length);
        return o.Kind switch
        {
            OperationKind.Get => key + WireSize.Field((ulong)o.Consistency) + WireSize.Field(o.MaxStalenessMilliseconds) + WireSize.Field(o.AtRevision),
            OperationKind.Put => key + WireSize.DelimitedUnlessEmpty(o.Value.Length) + WireSize.Field(o.Lease),
            OperationKind.Delete => key,
            OperationKind.Transaction => o.Value.Length,
            OperationKind.CompareAndSwap => key + ExpectationSize(o.Expectation) + (o.Deletes ? 0 : WireSize.Delimited(o.Value.Length)),
            _ => key + WireSize.Field(WireSize.ZigZag(o.Delta)),
        };
    }

    public static int Size(Operation o, ulong id) => WireSize.Field(id) + WireSize.Delimited(RequestSize(o)) + WireSize.Field(o.Sequence) + (o.FenceLock is null ? 0 : WireSize.Delimited(FenceSize(o)));

    public static void Write(ref WireWriter to, Operation o, ulong id)
    {
        to.Field(1, id);
        to.Begin((int)o.Kind, RequestSize(o));
        if (o.Kind == OperationKind.Transaction) to.Raw(o.Value.Span);
        else to.Bytes(2, o.Key.Span);
        switch (o.Kind)
        {
            case OperationKind.Get:
                to.Field(3, (ulong)o.Consistency);
                to.Field(4, o.MaxStalenessMilliseconds);
                to.Field(5, o.AtRevision);
                break;
            case OperationKind.Put:
                to.BytesUnlessEmpty(3, o.Value.Span);
                to.Field(6, o.Lease);
                break;
            case OperationKind.CompareAndSwap:
                if (o.Expectation.Kind == KvExpectationKind.Value) to.Bytes(3, o.Expectation.ExpectedValue.Memory.Span);
                if (!o.Deletes) to.Bytes(4, o.Value.Span);
                if (o.Expectation.Kind == KvExpectationKind.ModRevision) to.FieldEvenIfZero(7, o.Expectation.ExpectedRevision);
                break;
            case OperationKind.Increment:
                to.Field(3, WireSize.ZigZag(o.Delta));
                break;
        }
        to.Field(SequenceField, o.Sequence);
        if (o.FenceLock is null) return;
        to.Begin(FenceField, FenceSize(o));
        to.Bytes(1, o.FenceLock);
        to.Field(2, o.FenceToken);
    }

    /// <summary>Takes an answer that is no error into the operation, which the caller has claimed.</summary>
    public static void ReadAnswer(Operation o, ReadOnlySpan<byte> answer)
    {
        if (o.Kind == OperationKind.Transaction) o.Response = answer.ToArray();
        var from = new WireReader(answer);
        while (from.Next())
        {
            switch (o.Kind, from.Number)
            {
                case (OperationKind.Get, 2):
                case (OperationKind.CompareAndSwap, 4):
                    o.Entry = ReadEntry(from.Bytes, o.Key);
                    break;
                case (OperationKind.Put, 2):
                case (OperationKind.Delete, 3):
                case (OperationKind.CompareAndSwap, 3):
                case (OperationKind.Increment, 3):
                case (OperationKind.Transaction, 3):
                    o.ResultRevision = from.Value;
                    break;
                case (OperationKind.Delete, 2):
                case (OperationKind.CompareAndSwap, 2):
                    o.Flag = from.Value != 0;
                    break;
                case (OperationKind.Increment, 2):
                    o.ResultNumber = WireSize.UnZigZag(from.Value);
                    break;
            }
        }
    }

    private static KvEntry ReadEntry(ReadOnlySpan<byte> message, ReadOnlyMemory<byte> key)
    {
        byte[] value = [];
        ulong created = 0, modified = 0, version = 0, lease = 0;
        var from = new WireReader(message);
        while (from.Next())
        {
            switch (from.Number)
            {
                case 2: value = from.Bytes.ToArray(); break;
                case 3: created = from.Value; break;
                case 4: modified = from.Value; break;
                case 5: version = from.Value; break;
                case 6: lease = from.Value; break;
            }
        }
        return new KvEntry(new KvBytes(key), value, created, modified, version, new KvLeaseId(lease));
    }

    private static int FenceSize(Operation o) => WireSize.Delimited(o.FenceLock!.Length) + WireSize.Field(o.FenceToken);

    private static int ExpectationSize(KvExpectation expectation) => expectation.Kind switch
    {
        KvExpectationKind.Value => WireSize.Delimited(expectation.ExpectedValue.Length),
        KvExpectationKind.ModRevision => 1 + WireSize.Varint(expectation.ExpectedRevision),
        _ => 0,
    };
}
