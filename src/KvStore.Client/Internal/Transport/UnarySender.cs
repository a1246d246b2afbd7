using System.Text;
using Google.Protobuf;
using Grpc.Core;
using KvStore.Client.Internal.Operations;
using KvStore.Client.Internal.Routing;
using KvStore.Client.Internal.Sessions;
using KvStore.Protocol.V1;

namespace KvStore.Client.Internal.Transport;

/// <summary>Brings each operation to a node by a gRPC call of its own.</summary>
internal sealed class UnarySender(NodeConnection connection, Dispatcher dispatcher) : IOperationSender
{
    public void Enqueue(Operation operation) => _ = SendAsync(operation);

    public void Flush()
    {
    }

    public bool Sweep(long now) => false;

    public void Close()
    {
    }

    private async Task SendAsync(Operation operation)
    {
        if (operation.IsClaimed)
        {
            operation.LetGo();
            return;
        }
        Failure? failure = null;
        try
        {
            var now = dispatcher.Now;
            if (operation.Sequence == 0 && operation.Session is { } session) operation.Sequence = session.Take();
            operation.SentAt = now;
            var milliseconds = Math.Min(dispatcher.MillisecondsUntil(operation.Deadline, now), dispatcher.UnaryAttemptMilliseconds);
            var call = Call(operation, new CallOptions().WithDeadline(DateTime.UtcNow.AddMilliseconds(milliseconds)));
            await call.ConfigureAwait(false);
            Take(operation, call);
            connection.Works();
        }
        catch (Exception e) when (e is RpcException or InvalidOperationException or IOException or ObjectDisposedException or OperationCanceledException)
        {
            failure = FailureReader.Read(e, connection.Address);
        }
        if (failure is not null)
        {
            if (failure is { Code: ErrorCode.Unavailable, OutcomeUnknown: false, Cause: not null }) connection.Rest(failure, dispatcher.Now);
            if (operation.Deadline <= dispatcher.Now && failure.Code == ErrorCode.DeadlineExceeded && failure.OutcomeUnknown) dispatcher.Expire(operation, ExpiredWhile.Sent);
            else dispatcher.OnFailure(operation, failure);
        }
        dispatcher.Completions.Drain();
    }

    /// <summary>Starts the call of an operation: a task of its response, which <see cref="Take"/> reads.</summary>
    private Task Call(Operation o, CallOptions options) => o.Kind switch
    {
        OperationKind.Get => connection.Kv.GetAsync(Get(o), options).ResponseAsync,
        OperationKind.Put => connection.Kv.PutAsync(Put(o), options).ResponseAsync,
        OperationKind.Delete => connection.Kv.DeleteAsync(Delete(o), options).ResponseAsync,
        OperationKind.CompareAndSwap => connection.Kv.CompareAndSwapAsync(CompareAndSwap(o), options).ResponseAsync,
        OperationKind.Transaction => connection.Kv.TransactionAsync(Transaction(o), options).ResponseAsync,
        _ => connection.Kv.IncrementAsync(Increment(o), options).ResponseAsync,
    };

    private void Take(Operation operation, Task call)
    {
        switch (operation.Kind)
        {
            case OperationKind.Get:
                dispatcher.Answered(operation, ((Task<GetResponse>)call).Result, static (o, a) => o.Entry = EntryOf(a.Kv, o.Key));
                break;
            case OperationKind.Put:
                dispatcher.Answered(operation, ((Task<PutResponse>)call).Result, static (o, a) => o.ResultRevision = a.Revision);
                break;
            case OperationKind.Delete:
                dispatcher.Answered(operation, ((Task<DeleteResponse>)call).Result, static (o, a) => (o.Flag, o.ResultRevision) = (a.Existed, a.Revision));
                break;
            case OperationKind.CompareAndSwap:
                dispatcher.Answered(operation, ((Task<CompareAndSwapResponse>)call).Result, static (o, a) => (o.Flag, o.ResultRevision, o.Entry) = (a.Swapped, a.Revision, EntryOf(a.Current, o.Key)));
                break;
            case OperationKind.Transaction:
                dispatcher.Answered(operation, ((Task<TransactionResponse>)call).Result, static (o, a) => (o.Response, o.ResultRevision) = (a.ToByteArray(), a.Revision));
                break;
            default:
                dispatcher.Answered(operation, ((Task<IncrementResponse>)call).Result, static (o, a) => (o.ResultNumber, o.ResultRevision) = (a.Value, a.Revision));
                break;
        }
    }

    private static GetRequest Get(Operation o) =>
        new() { Keyspace = o.Keyspace, Key = Bytes(o.Key), Consistency = (Consistency)o.Consistency, MaxStalenessMs = o.MaxStalenessMilliseconds, Revision = o.AtRevision, Route = RouteOf(o.Route!) };

    private static PutRequest Put(Operation o) =>
        new() { Keyspace = o.Keyspace, Key = Bytes(o.Key), Value = Bytes(o.Value), Lease = o.Lease, Route = RouteOf(o.Route!), WriteId = IdOf(o), Fence = FenceOf(o) };

    private static DeleteRequest Delete(Operation o) => new() { Keyspace = o.Keyspace, Key = Bytes(o.Key), Route = RouteOf(o.Route!), WriteId = IdOf(o), Fence = FenceOf(o) };

    private static CompareAndSwapRequest CompareAndSwap(Operation o)
    {
        var request = new CompareAndSwapRequest { Keyspace = o.Keyspace, Key = Bytes(o.Key), Route = RouteOf(o.Route!), WriteId = IdOf(o), Fence = FenceOf(o) };
        if (o.Expectation.Kind == KvExpectationKind.Value) request.Expected = Bytes(o.Expectation.ExpectedValue.Memory);
        if (o.Expectation.Kind == KvExpectationKind.ModRevision) request.ExpectedModRevision = o.Expectation.ExpectedRevision;
        if (!o.Deletes) request.NewValue = Bytes(o.Value);
        return request;
    }

    private static IncrementRequest Increment(Operation o) =>
        new() { Keyspace = o.Keyspace, Key = Bytes(o.Key), Delta = o.Delta, Route = RouteOf(o.Route!), WriteId = IdOf(o), Fence = FenceOf(o) };

    private static TransactionRequest Transaction(Operation o)
    {
        var request = TransactionRequest.Parser.ParseFrom(o.Value.Span);
        (request.Keyspace, request.Route, request.WriteId, request.Fence) = (o.Keyspace, RouteOf(o.Route!), IdOf(o), FenceOf(o));
        return request;
    }

    private static ByteString Bytes(ReadOnlyMemory<byte> bytes) => UnsafeByteOperations.UnsafeWrap(bytes);

    private static Route RouteOf(RangeRoute route) => new() { RangeId = route.RangeId, Epoch = route.Epoch };

    private static Fence? FenceOf(Operation o) => o.FenceLock is null ? null : new Fence { Lock = Encoding.UTF8.GetString(o.FenceLock), Token = o.FenceToken };

    private static WriteId IdOf(Operation o)
    {
        ClientSession session = o.Session!;
        return new WriteId { SessionGroup = session.Group, SessionIndex = session.Index, Sequence = o.Sequence, LowestAwaited = session.LowestAwaited };
    }

    private static KvEntry? EntryOf(KeyValue? kv, ReadOnlyMemory<byte> key) =>
        kv is null ? null : new KvEntry(new KvBytes(key), new KvBytes(kv.Value.Memory), kv.CreateRevision, kv.ModRevision, kv.Version, new KvLeaseId(kv.Lease));
}
