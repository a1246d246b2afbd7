using Google.Protobuf;
using KvStore.Node.Commands;
using KvStore.Storage.Engine;
using KeyValue = KvStore.Storage.Engine.KeyValue;

namespace KvStore.Node.StateMachine.Transactions;

/// <summary>Carries out one transaction up to the point where its records would be written: what it answers, and what it stages.</summary>
internal sealed class TransactionRun(HostedRange range, TransactionReads reads, StagedWrites staged, LeaseAttachments leases)
{
    /// <summary>Protobuf's frame around a key and its value, at most.</summary>
    private const int BytesPerKeyMax = 64;
    private readonly Revision revision = range.Revision.Next;
    private long responseBytes;
    private long attachedBytes;

    /// <exception cref="TransactionRefusedException">It cannot be carried out in the present state.</exception>
    public TransactionResponse Execute(Transaction transaction, TransactionPath path)
    {
        var response = new TransactionResponse { Succeeded = path.Succeeded };
        var branch = TransactionPath.Branch(transaction, path.Succeeded);
        var nested = 0;
        for (var i = 0; i < branch.Count; i++)
        {
            try
            {
                response.Results.Add(branch[i].OperationCase switch
                {
                    TransactionOperation.OperationOneofCase.Get => new TransactionResult { Get = Get(branch[i].Get) },
                    TransactionOperation.OperationOneofCase.Put => new TransactionResult { Put = Put(branch[i].Put) },
                    TransactionOperation.OperationOneofCase.Delete => new TransactionResult { Delete = Delete(branch[i].Delete) },
                    _ => new TransactionResult { Transaction = Execute(branch[i].Transaction, path.Nested[nested++]) },
                });
            }
            catch (TransactionRefusedException e)
            {
                throw e.At($"{(path.Succeeded ? "success" : "failure")}[{i}].");
            }
        }
        return response;
    }

    private TransactionGetResult Get(TransactionGet get)
    {
        var result = new TransactionGetResult();
        if (!get.HasEnd)
        {
            if (!reads.TryRead(get.Key.Memory, out var value)) return result;
            result.Count = 1;
            if (!get.CountOnly) result.Kvs.Add(ToProto(value, get.KeysOnly));
            return result;
        }
        var content = get.KeysOnly || get.CountOnly ? ScanContent.KeysOnly : ScanContent.KeysAndValues;
        foreach (var value in reads.Scan(get.Key.Memory, get.End.Memory, get.Descending ? ScanOrder.Descending : ScanOrder.Ascending, content))
        {
            if (!get.CountOnly && get.Limit != 0 && result.Count == get.Limit)
            {
                result.More = true;
                break;
            }
            result.Count++;
            if (!get.CountOnly) result.Kvs.Add(ToProto(value, get.KeysOnly));
        }
        return result;
    }

    private TransactionPutResult Put(TransactionPut put)
    {
        CheckLease(put);
        var exists = reads.TryGet(put.Key.Memory, out var before);
        if (!exists && (put.KeepValue || put.KeepLease))
            throw new TransactionRefusedException(CommandStatus.FailedPrecondition, $"put: there is no key {KeyText.Of(put.Key.Span)} whose {(put.KeepValue ? "value" : "lease")} could be kept");
        KeyValue previous = default;
        if (exists && (put.KeepValue || put.ReturnPrevious)) reads.TryRead(put.Key.Memory, out previous);
        var value = put.KeepValue ? previous.Value : put.Value.Memory;
        var lease = put.KeepLease ? before.Lease : put.Lease;
        staged.Add(new StagedWrite(new KeyValue(put.Key.Memory, value, exists ? before.Create : revision, revision, before.Version + 1, lease, Deleted: false)));
        return new TransactionPutResult { Previous = exists && put.ReturnPrevious ? ToProto(previous, keysOnly: false) : null };
    }

    private void CheckLease(TransactionPut put)
    {
        if (put.Lease == LeaseAttachments.None) return;
        var status = leases.Check(range, put.Key.Span, put.Lease, attachedBytes);
        if (status == CommandStatus.LeaseNotFound) throw new TransactionRefusedException(status, $"put.lease: {put.Lease:x} is unknown or has ended");
        if (status != CommandStatus.Ok) throw new TransactionRefusedException(status, "put.lease: the group's table of leases and their keys is full");
        attachedBytes += LeaseAttachments.BytesOf(put.Key.Span);
    }

    private TransactionDeleteResult Delete(TransactionDelete delete)
    {
        var result = new TransactionDeleteResult();
        var content = delete.ReturnPrevious ? ScanContent.KeysAndValues : ScanContent.KeysOnly;
        // Nothing may be staged while it is enumerated.
        var found = delete.HasEnd ? reads.Scan(delete.Key.Memory, delete.End.Memory, ScanOrder.Ascending, content).ToList() : Find(delete);
        foreach (var value in found)
        {
            staged.Add(new StagedWrite(value with { Value = default, Modified = revision, Deleted = true }));
            result.Deleted++;
            if (delete.ReturnPrevious) result.Previous.Add(ToProto(value, keysOnly: false));
        }
        return result;
    }

    private List<KeyValue> Find(TransactionDelete delete)
    {
        if (delete.ReturnPrevious) return reads.TryRead(delete.Key.Memory, out var value) ? [value] : [];
        return reads.TryGet(delete.Key.Memory, out _) ? [new KeyValue(delete.Key.Memory, default, default, default, 0, 0, Deleted: false)] : [];
    }

    private Commands.KeyValue ToProto(in KeyValue value, bool keysOnly)
    {
        responseBytes += value.Key.Length + (keysOnly ? 0 : value.Value.Length) + BytesPerKeyMax;
        // An estimate from above would refuse what fits; the exact size is checked at the end.
        if (responseBytes > 2L * TransactionLimits.ResponseBytesMax) throw TransactionExecutor.TooLarge();
        return new Commands.KeyValue
        {
            Key = UnsafeByteOperations.UnsafeWrap(value.Key), Value = keysOnly ? ByteString.Empty : UnsafeByteOperations.UnsafeWrap(value.Value),
            CreateRevision = value.Create.Value, ModRevision = value.Modified.Value, Version = value.Version, Lease = value.Lease,
        };
    }
}
