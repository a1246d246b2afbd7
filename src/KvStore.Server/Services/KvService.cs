using Google.Protobuf;
using Grpc.Core;
using KvStore.Node;
using KvStore.Node.StateMachine;
using KvStore.Node.Time;
using KvStore.Protocol.V1;
using KvStore.Server.Grpc;
using KvStore.Storage.Engine;
using RangeDescriptor = KvStore.Node.Placement.RangeDescriptor;

namespace KvStore.Server.Services;

/// <summary>The unary calls of kvstore.v1.Kv. Any node answers: what another node leads is passed on to it.</summary>
internal sealed class KvService(KvNode node, RangeResolver ranges, Forwarder forwarder, RequestLimits limits, ITimeSource time) : Kv.KvBase
{
    // What a call says that its deadline ends: they are shared and never changed.
    private static readonly Metadata NotProposed = Errors.TrailersOf(new NodeError(NodeErrorCode.DeadlineExceeded, "the deadline passed; not proposed"));
    private static readonly Metadata MayBeProposed = Errors.TrailersOf(new NodeError(NodeErrorCode.DeadlineExceeded, "the deadline passed; the write may or may not take effect") { OutcomeUnknown = true });
    private readonly ScanService _scans = new(node, ranges);
    private readonly WriteCompletions _completions = new();
    private readonly WriteProposals _proposals = new(node.Propose);

    public override Task<GetResponse> Get(GetRequest request, ServerCallContext context)
    {
        limits.CheckKey(request.Key);
        return Serve(context, request.Consistency, () => ranges.Resolve(request.Keyspace, request.Key.Span, request.Route),
            range => ReadAsync(range, request, context.CancellationToken),
            (client, options) => client.GetAsync(request, options).ResponseAsync);
    }

    public override Task<PutResponse> Put(PutRequest request, ServerCallContext context)
    {
        limits.CheckKey(request.Key);
        limits.CheckValue(request.Value.Length, "value");
        return Write(context, new WriteHead(request.Keyspace, request.Key, request.Route, request.WriteId, request.Fence),
            new Operation { Put = new PutRequest { Key = request.Key, Value = request.Value, Lease = request.Lease } },
            CommandResponses.Put, (client, options) => client.PutAsync(request, options).ResponseAsync);
    }

    public override Task<DeleteResponse> Delete(DeleteRequest request, ServerCallContext context)
    {
        limits.CheckKey(request.Key);
        return Write(context, new WriteHead(request.Keyspace, request.Key, request.Route, request.WriteId, request.Fence),
            new Operation { Delete = new DeleteRequest { Key = request.Key } },
            CommandResponses.Delete, (client, options) => client.DeleteAsync(request, options).ResponseAsync);
    }

    public override Task<CompareAndSwapResponse> CompareAndSwap(CompareAndSwapRequest request, ServerCallContext context)
    {
        limits.CheckKey(request.Key);
        limits.CheckValue(request.Expected.Length, "expected");
        limits.CheckValue(request.NewValue.Length, "new_value");
        var command = request.Clone();
        (command.Keyspace, command.Route, command.WriteId, command.Fence) = ("", null, null, null);
        return Write(context, new WriteHead(request.Keyspace, request.Key, request.Route, request.WriteId, request.Fence),
            new Operation { CompareAndSwap = command },
            CommandResponses.CompareAndSwap, (client, options) => client.CompareAndSwapAsync(request, options).ResponseAsync);
    }

    public override Task<IncrementResponse> Increment(IncrementRequest request, ServerCallContext context)
    {
        limits.CheckKey(request.Key);
        return Write(context, new WriteHead(request.Keyspace, request.Key, request.Route, request.WriteId, request.Fence),
            new Operation { Increment = new IncrementRequest { Key = request.Key, Delta = request.Delta } },
            CommandResponses.Increment, (client, options) => client.IncrementAsync(request, options).ResponseAsync);
    }

    public override Task<TransactionResponse> Transaction(TransactionRequest request, ServerCallContext context)
    {
        var command = request.Clone();
        (command.Keyspace, command.Route, command.WriteId, command.Fence) = ("", null, null, null);
        return Write(context, new WriteHead(request.Keyspace, TransactionKey.Of(request), request.Route, request.WriteId, request.Fence),
            new Operation { Transaction = command },
            CommandResponses.Transaction, (client, options) => client.TransactionAsync(request, options).ResponseAsync);
    }

    public override Task<ScanResponse> Scan(ScanRequest request, ServerCallContext context) =>
        Serve(context, request.Consistency, () => _scans.RangeOf(request),
            range => _scans.PageAsync(range, request, context.CancellationToken).AsTask(),
            (client, options) => client.ScanAsync(request, options).ResponseAsync);

    public override Task<OpenSessionResponse> OpenSession(OpenSessionRequest request, ServerCallContext context) =>
        Serve(context, Consistency.Linearizable,
            () => request.Route is { } route ? ranges.Find(route.RangeId, route.Epoch) : ranges.Resolve(request.Keyspace, request.Key.Span, null),
            range => OpenSessionAsync(range, CallTime.Deadline(context, time)),
            (client, options) => client.OpenSessionAsync(request, options).ResponseAsync);

    internal Task<OpenSessionResponse> OpenSessionAsync(RangeDescriptor range, Raft.MonotonicTime deadline)
    {
        var completion = new TaskCompletionSource<OpenSessionResponse>(TaskCreationOptions.RunContinuationsAsynchronously);
        node.OpenSession(range.Group, deadline, (index, error) =>
        {
            if (error is not null) completion.TrySetException(new NodeException(error));
            else completion.TrySetResult(new OpenSessionResponse { SessionGroup = range.Group.Value, SessionIndex = index.Value, TimeToLiveMs = (ulong)limits.SessionTimeToLive.TotalMilliseconds });
        });
        return completion.Task;
    }

    /// <summary>What all writes say beside what they write.</summary>
    private readonly record struct WriteHead(string Keyspace, ByteString Key, Route? Route, WriteId? WriteId, Fence? Fence);

    private Task<TResponse> Write<TResponse>(ServerCallContext context, WriteHead head, Operation operation,
        Respond<TResponse> respond, Func<Kv.KvClient, CallOptions, Task<TResponse>> forward) =>
        Serve(context, Consistency.Linearizable, () => ranges.Resolve(head.Keyspace, head.Key.Span, head.Route), range =>
        {
            var commands = Serialize(range, head, operation, out var validated);
            var write = new AwaitedWrite<TResponse>(_completions, range, respond)
            {
                Range = range.Id, Epoch = range.Epoch, Commands = commands, Count = 1, Deadline = CallTime.Deadline(context, time), Fences = validated.Fences, Leases = validated.Leases,
            };
            // A caller that is gone or past its deadline is told so by the call itself; the write goes on to its outcome.
            AtDeadline(context, MayBeProposed);
            _proposals.Add(write);
            return write.Response;
        }, (client, options) =>
        {
            AtDeadline(context, MayBeProposed);
            return forward(client, options);
        });

    /// <summary>A batch of one: its wire form is that of logged commands.</summary>
    private byte[] Serialize(RangeDescriptor range, WriteHead head, Operation operation, out ValidatedCommands validated)
    {
        var batch = new Batch { Route = new Route { RangeId = range.Id.Value, Epoch = range.Epoch } };
        if (head.WriteId is { } id)
        {
            if (id.Sequence == 0) throw new NodeException(new NodeError(NodeErrorCode.InvalidArgument, "write_id.sequence: must be at least 1"));
            (batch.SessionGroup, batch.SessionIndex, batch.LowestAwaited, operation.Sequence) = (id.SessionGroup, id.SessionIndex, id.LowestAwaited, id.Sequence);
        }

        operation.Fence = head.Fence;
        batch.Operations.Add(operation);
        var bytes = batch.ToByteArray();
        return CommandValidator.Check(bytes, limits.Commands, out validated, range.Colocation) is not { } error
            ? bytes
            : throw new NodeException(error with { Message = error.Message.Replace("operations[0].", "", StringComparison.Ordinal) });
    }

    private async Task<GetResponse> ReadAsync(RangeDescriptor range, GetRequest request, CancellationToken cancellationToken)
    {
        var answer = await node.GetAsync(new GetQuery(new RangeRoute(range.Id, range.Epoch), request.Key.Memory, (ReadConsistency)request.Consistency,
            TimeSpan.FromMilliseconds(request.MaxStalenessMs), request.Revision == 0 ? null : new Revision(request.Revision)), cancellationToken).ConfigureAwait(false);
        return new GetResponse
        {
            Header = new ResponseHeader { RangeId = range.Id.Value, Epoch = range.Epoch, Revision = answer.Revision.Value },
            Kv = answer.Value is { } value ? CommandResponses.ToProto(value) : null,
        };
    }

    /// <summary>
    /// Here if this node may answer, else at the leader. What certainly was not done because a leader is missing or moving is tried again
    /// until the deadline; everything else is the caller's to see.
    /// </summary>
    private async Task<TResponse> Serve<TResponse>(ServerCallContext context, Consistency consistency, Func<RangeDescriptor> resolve,
        Func<RangeDescriptor, Task<TResponse>> here, Func<Kv.KvClient, CallOptions, Task<TResponse>> there)
    {
        var deadline = CallTime.Deadline(context, time);
        var forwarded = Forwarder.IsForwarded(context);
        for (var attempt = 0; ; attempt++)
        {
            AtDeadline(context, NotProposed);
            try
            {
                var range = resolve();
                var anyReplica = consistency is Consistency.Follower or Consistency.Bounded or Consistency.Stale;
                if (forwarded || anyReplica || node.Leads(range.Group)) return await here(range).ConfigureAwait(false);
                if (node.LeaderOf(range.Group) is var leader && leader != node.Id && forwarder.ClientOf(leader) is { } client)
                    return await there(client, Forwarder.Options(context)).ConfigureAwait(false);
                throw new NodeException(new NodeError(NodeErrorCode.Unavailable, $"group {range.Group} has no leader that this node knows of") { RetryAfter = TimeSpan.FromMilliseconds(50) });
            }
            catch (NodeException e)
            {
                var retry = e.Error is { OutcomeUnknown: false, Code: NodeErrorCode.NotLeader or NodeErrorCode.Unavailable } && !forwarded;
                if (!retry || time.Now >= deadline) throw Errors.ToRpc(e.Error);
            }
            catch (RpcException e) when (IsDefiniteRefusal(e) && time.Now < deadline)
            {
                // The leader moved while the request was under way; it was not proposed there.
            }

            await Task.Delay(TimeSpan.FromMilliseconds(Math.Min(100, 5 << Math.Min(attempt, 5))), context.CancellationToken).ConfigureAwait(false);
        }
    }

    private static void AtDeadline(ServerCallContext context, Metadata trailers)
    {
        if (context is HttpServerCallContext call) call.TrailersAtDeadline = trailers;
    }

    private static bool IsDefiniteRefusal(RpcException e) =>
        e.Trailers.GetValueBytes(Errors.Trailer) is { } bytes
        && Error.Parser.ParseFrom(bytes) is { OutcomeUnknown: false, Code: ErrorCode.NotLeader or ErrorCode.Unavailable };
}
