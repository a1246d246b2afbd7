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
            await CallAsync(operation, new CallOptions().WithDeadline(DateTime.UtcNow.AddMilliseconds(milliseconds))).ConfigureAwait(false);
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

    private Task CallAsync(Operation o, CallOptions options) => o.Kind switch
    {
        OperationKind.Get => GetAsync(o, options),
        OperationKind.Put => PutAsync(o, options),
        OperationKind.Delete => DeleteAsync(o, options),
        OperationKind.CompareAndSwap => CompareAndSwapAsync(o, options),
        OperationKind.Transaction => TransactionAsync(o, options),
        _ => IncrementAsync(o, options),
    };

    private async Task GetAsync(Operation o, CallOptions options)
    {
        var request = new GetRequest { Keyspace = o.Keyspace, Key = Bytes(o.Key), Consistency = (Consistency)o.Consistency, MaxStalenessMs = o.MaxStalenessMilliseconds, Revision = o.AtRevision, Route = RouteOf(o.Route!) };
        var answer = await connection.Kv.GetAsync(request, options).ConfigureAwait(false);
        dispatcher.Answered(o, answer, static (o, a) => o.Entry = EntryOf(a.Kv, o.Key));
    }

    private async Task PutAsync(Operation o, CallOptions options)
    {
        var request = new PutRequest { Keyspace = o.Keyspace, Key = Bytes(o.Key), Value = Bytes(o.Value), Lease = o.Lease, Route = RouteOf(o.Route!), WriteId = IdOf(o), Fence = FenceOf(o) };
        var answer = await connection.Kv.PutAsync(request, options).ConfigureAwait(false);
        dispatcher.Answered(o, answer, static (o, a) => o.ResultRevision = a.Revision);
    }

    private async Task DeleteAsync(Operation o, CallOptions options)
    {
        var request = new DeleteRequest { Keyspace = o.Keyspace, Key = Bytes(o.Key), Route = RouteOf(o.Route!), WriteId = IdOf(o), Fence = FenceOf(o) };
        var answer = await connection.Kv.DeleteAsync(request, options).ConfigureAwait(false);
        dispatcher.Answered(o, answer, static (o, a) => (o.Flag, o.ResultRevision) = (a.Existed, a.Revision));
    }

    private async Task CompareAndSwapAsync(Operation o, CallOptions options)
    {
        var request = new CompareAndSwapRequest { Keyspace = o.Keyspace, Key = Bytes(o.Key), Route = RouteOf(o.Route!), WriteId = IdOf(o), Fence = FenceOf(o) };
        if (o.Expectation.Kind == KvExpectationKind.Value) request.Expected = Bytes(o.Expectation.ExpectedValue.Memory);
        if (o.Expectation.Kind == KvExpectationKind.ModRevision) request.ExpectedModRevision = o.Expectation.ExpectedRevision;
        if (!o.Deletes) request.NewValue = Bytes(o.Value);
        var answer = await connection.Kv.CompareAndSwapAsync(request, options).ConfigureAwait(false);
        dispatcher.Answered(o, answer, static (o, a) => (o.Flag, o.ResultRevision, o.Entry) = (a.Swapped, a.Revision, EntryOf(a.Current, o.Key)));
    }

    private async Task IncrementAsync(Operation o, CallOptions options)
    {
        var request = new IncrementRequest { Keyspace = o.Keyspace, Key = Bytes(o.Key), Delta = o.Delta, Route = RouteOf(o.Route!), WriteId = IdOf(o), Fence = FenceOf(o) };
        var answer = await connection.Kv.IncrementAsync(request, options).ConfigureAwait(false);
        dispatcher.Answered(o, answer, static (o, a) => (o.ResultNumber, o.ResultRevision) = (a.Value, a.Revision));
    }

    private async Task TransactionAsync(Operation o, CallOptions options)
    {
        var request = TransactionRequest.Parser.ParseFrom(o.Value.Span);
        (request.Keyspace, request.Route, request.WriteId, request.Fence) = (o.Keyspace, RouteOf(o.Route!), IdOf(o), FenceOf(o));
        var answer = await connection.Kv.TransactionAsync(request, options).ConfigureAwait(false);
        dispatcher.Answered(o, answer, static (o, a) => (o.Response, o.ResultRevision) = (a.ToByteArray(), a.Revision));
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
