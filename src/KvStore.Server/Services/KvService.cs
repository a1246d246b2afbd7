using Google.Protobuf;
using Grpc.Core;
using KvStore.Node;
using KvStore.Node.Commands;
using KvStore.Node.StateMachine;
using KvStore.Node.Time;
using KvStore.Protocol.V1;
using KvStore.Storage.Engine;
using RangeDescriptor = KvStore.Node.Placement.RangeDescriptor;

namespace KvStore.Server.Services;

/// <summary>The unary calls of kvstore.v1.Kv. Any node answers: what another node leads is passed on to it.</summary>
internal sealed class KvService(KvNode node, RangeResolver ranges, Forwarder forwarder, RequestLimits limits, ITimeSource time) : Kv.KvBase
{
    private static readonly TimeSpan DefaultDeadline = TimeSpan.FromSeconds(10);
    private readonly ScanService _scans = new(node, ranges);

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
        return Write(context, request.Keyspace, request.Key, request.Route, request.WriteId,
            new Command { Put = new Put { Key = request.Key, Value = request.Value } },
            (result, header) =>
            {
                var response = CommandResponses.Put(result);
                response.Header = header;
                return response;
            },
            (client, options) => client.PutAsync(request, options).ResponseAsync);
    }

    public override Task<DeleteResponse> Delete(DeleteRequest request, ServerCallContext context)
    {
        limits.CheckKey(request.Key);
        return Write(context, request.Keyspace, request.Key, request.Route, request.WriteId,
            new Command { Delete = new Delete { Key = request.Key } },
            (result, header) =>
            {
                var response = CommandResponses.Delete(result);
                response.Header = header;
                return response;
            },
            (client, options) => client.DeleteAsync(request, options).ResponseAsync);
    }

    public override Task<CompareAndSwapResponse> CompareAndSwap(CompareAndSwapRequest request, ServerCallContext context)
    {
        limits.CheckKey(request.Key);
        limits.CheckValue(request.Expected.Length, "expected");
        limits.CheckValue(request.NewValue.Length, "new_value");
        var command = new CompareAndSwap { Key = request.Key };
        if (request.HasExpected) command.Expected = request.Expected;
        if (request.HasNewValue) command.NewValue = request.NewValue;
        if (request.HasExpectedModRevision) command.ExpectedModRevision = request.ExpectedModRevision;
        return Write(context, request.Keyspace, request.Key, request.Route, request.WriteId, new Command { CompareAndSwap = command },
            (result, header) =>
            {
                var response = CommandResponses.CompareAndSwap(result);
                response.Header = header;
                return response;
            },
            (client, options) => client.CompareAndSwapAsync(request, options).ResponseAsync);
    }

    public override Task<IncrementResponse> Increment(IncrementRequest request, ServerCallContext context)
    {
        limits.CheckKey(request.Key);
        return Write(context, request.Keyspace, request.Key, request.Route, request.WriteId,
            new Command { Increment = new Increment { Key = request.Key, Delta = request.Delta } },
            (result, header) =>
            {
                var response = CommandResponses.Increment(result);
                response.Header = header;
                return response;
            },
            (client, options) => client.IncrementAsync(request, options).ResponseAsync);
    }

    public override Task<ScanResponse> Scan(ScanRequest request, ServerCallContext context) =>
        Serve(context, request.Consistency, () => _scans.RangeOf(request),
            range => _scans.PageAsync(range, request, context.CancellationToken).AsTask(),
            (client, options) => client.ScanAsync(request, options).ResponseAsync);

    public override Task<OpenSessionResponse> OpenSession(OpenSessionRequest request, ServerCallContext context) =>
        Serve(context, Consistency.Linearizable,
            () => request.Route is { } route ? ranges.Find(route.RangeId, route.Epoch) : ranges.Resolve(request.Keyspace, request.Key.Span, null),
            range => OpenSessionAsync(range, Deadline(context)),
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

    private Task<TResponse> Write<TResponse>(ServerCallContext context, string keyspace, ByteString key, Protocol.V1.Route? route, WriteId? writeId, Command command,
        Func<CommandResult, ResponseHeader, TResponse> respond, Func<Kv.KvClient, CallOptions, Task<TResponse>> forward) =>
        Serve(context, Consistency.Linearizable, () => ranges.Resolve(keyspace, key.Span, route), async range =>
        {
            var commands = new RangeCommands { Route = new Node.Commands.Route { RangeId = range.Id.Value, Epoch = range.Epoch } };
            if (writeId is not null)
            {
                if (writeId.Sequence == 0) throw new NodeException(new NodeError(NodeErrorCode.InvalidArgument, "write_id.sequence: must be at least 1"));
                commands.SessionGroup = writeId.SessionGroup;
                commands.SessionIndex = writeId.SessionIndex;
                commands.LowestAwaited = writeId.LowestAwaited;
                command.Sequence = writeId.Sequence;
            }

            commands.Commands.Add(command);
            var write = new UnaryWrite { Range = range.Id, Epoch = range.Epoch, Commands = commands.ToByteArray(), Count = 1, Deadline = Deadline(context) };
            node.Propose(write);
            var result = await write.Result.WaitAsync(context.CancellationToken).ConfigureAwait(false);
            if (CommandResponses.ErrorOf(result) is { } error) throw new NodeException(error);
            return respond(result, new ResponseHeader { RangeId = range.Id.Value, Epoch = range.Epoch, Revision = result.Revision.Value });
        }, forward);

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
        var deadline = Deadline(context);
        var forwarded = Forwarder.IsForwarded(context);
        for (var attempt = 0; ; attempt++)
        {
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

    private static bool IsDefiniteRefusal(RpcException e) =>
        e.Trailers.GetValueBytes(Errors.Trailer) is { } bytes
        && Error.Parser.ParseFrom(bytes) is { OutcomeUnknown: false, Code: ErrorCode.NotLeader or ErrorCode.Unavailable };

    private Raft.MonotonicTime Deadline(ServerCallContext context)
    {
        var left = context.Deadline == DateTime.MaxValue ? DefaultDeadline : context.Deadline - DateTime.UtcNow;
        return time.Now + left;
    }
}
