using System.Collections.Concurrent;
using System.Globalization;
using Google.Protobuf;
using Grpc.Core;
using KvStore.Protocol.V1;

namespace KvStore.Client.Tests.Fakes;

/// <summary>What happens to one batch or unary operation at a node.</summary>
public enum Fate
{
    Normal,
    /// <summary>The stream or call breaks after the operations took effect.</summary>
    BreakAfterApply,
    /// <summary>The stream or call breaks before.</summary>
    BreakBeforeApply,
    /// <summary>No answer ever.</summary>
    Silence,
    /// <summary>Applied; the answer says that the outcome is unknown.</summary>
    UnknownAfterApply,
    Exhausted,
}

/// <summary>The services of one node over a shared <see cref="FakeState"/>.</summary>
internal sealed class FakeNode(ulong id, FakeCluster cluster) : Kv.KvBase
{
    private readonly ConcurrentQueue<Fate> _fates = new();

    public ulong Id => id;

    /// <summary>Called after each batch was applied.</summary>
    public Action? OnBatch { get; set; }

    public int Batches;

    public int Operations;

    public ConcurrentBag<Batch> Seen { get; } = [];

    /// <summary>Grows when something has come that gets no answer.</summary>
    public SemaphoreSlim Silenced { get; } = new(0);

    /// <summary>The fates of the next batches or unary operations; after them all is normal.</summary>
    public void Next(params Fate[] fates)
    {
        foreach (var fate in fates) _fates.Enqueue(fate);
    }

    public void ClearFates() => _fates.Clear();

    public override async Task Session(IAsyncStreamReader<SessionRequest> requestStream, IServerStreamWriter<SessionResponse> responseStream, ServerCallContext context)
    {
        while (await requestStream.MoveNext(context.CancellationToken))
        {
            var response = new SessionResponse();
            foreach (var batch in requestStream.Current.Batches)
            {
                Interlocked.Increment(ref Batches);
                Seen.Add(batch);
                var fate = NextFate();
                if (fate == Fate.Silence)
                {
                    Silenced.Release();
                    continue;
                }
                if (fate == Fate.BreakBeforeApply) throw new RpcException(new Status(StatusCode.Unavailable, "broken by the test"));
                foreach (var operation in batch.Operations)
                {
                    Interlocked.Increment(ref Operations);
                    response.Results.Add(Serve(operation, batch.Route, new WriteId { SessionGroup = batch.SessionGroup, SessionIndex = batch.SessionIndex, Sequence = operation.Sequence, LowestAwaited = batch.LowestAwaited }, fate));
                }
                OnBatch?.Invoke();
                if (fate == Fate.BreakAfterApply) throw new RpcException(new Status(StatusCode.Unavailable, "broken by the test"));
            }
            await responseStream.WriteAsync(response);
        }
    }

    public override async Task<GetResponse> Get(GetRequest request, ServerCallContext context) => (await UnaryAsync(new Operation { Get = request }, request.Route, null, context)).Get;

    public override async Task<PutResponse> Put(PutRequest request, ServerCallContext context) => (await UnaryAsync(new Operation { Put = request }, request.Route, request.WriteId, context)).Put;

    public override async Task<DeleteResponse> Delete(DeleteRequest request, ServerCallContext context) => (await UnaryAsync(new Operation { Delete = request }, request.Route, request.WriteId, context)).Delete;

    public override async Task<CompareAndSwapResponse> CompareAndSwap(CompareAndSwapRequest request, ServerCallContext context) =>
        (await UnaryAsync(new Operation { CompareAndSwap = request }, request.Route, request.WriteId, context)).CompareAndSwap;

    public override async Task<IncrementResponse> Increment(IncrementRequest request, ServerCallContext context) => (await UnaryAsync(new Operation { Increment = request }, request.Route, request.WriteId, context)).Increment;

    public override async Task<TransactionResponse> Transaction(TransactionRequest request, ServerCallContext context) => (await UnaryAsync(new Operation { Transaction = request }, request.Route, request.WriteId, context)).Transaction;

    public override Task<OpenSessionResponse> OpenSession(OpenSessionRequest request, ServerCallContext context)
    {
        if (Check(request.Route, ReadOnlySpan<byte>.Empty, write: true, 0) is { } error) throw Failed(error.Error);
        return Task.FromResult(cluster.State.OpenSession(cluster.State.RangeOf(request.Route.RangeId)!.Group));
    }

    public override Task<ScanResponse> Scan(ScanRequest request, ServerCallContext context)
    {
        const int PageMax = 3;
        if (Check(request.Route, request.Start.Span, write: request.Consistency is Consistency.Linearizable or Consistency.Quorum, 0) is { } error) throw Failed(error.Error);
        var found = cluster.State.Scan(request.Start.ToStringUtf8(), request.End.ToStringUtf8());
        if (request.Descending) found.Reverse();
        var skip = request.Resume.IsEmpty ? 0 : int.Parse(request.Resume.ToStringUtf8(), CultureInfo.InvariantCulture);
        var size = request.Limit == 0 ? PageMax : (int)Math.Min(request.Limit, PageMax);
        var page = found.Skip(skip).Take(size).ToList();
        var response = new ScanResponse { Count = (ulong)page.Count };
        if (!request.CountOnly) response.Kvs.AddRange(page);
        if (request.KeysOnly) foreach (var kv in response.Kvs) kv.Value = ByteString.Empty;
        if (skip + size < found.Count) response.Next = FakeState.Bytes((skip + size).ToString(CultureInfo.InvariantCulture));
        return Task.FromResult(response);
    }

    private Fate NextFate() => _fates.TryDequeue(out var fate) ? fate : Fate.Normal;

    private async Task<OperationResult> UnaryAsync(Operation operation, Route route, WriteId? write, ServerCallContext context)
    {
        Interlocked.Increment(ref Operations);
        var fate = NextFate();
        if (fate == Fate.Silence) await Task.Delay(Timeout.Infinite, context.CancellationToken);
        if (fate == Fate.BreakBeforeApply) throw new RpcException(new Status(StatusCode.Unavailable, "broken by the test"));
        var result = Serve(operation, route, write, fate);
        if (fate == Fate.BreakAfterApply) throw new RpcException(new Status(StatusCode.Unavailable, "broken by the test"));
        return result.ResultCase == OperationResult.ResultOneofCase.Error ? throw Failed(result.Error) : result;
    }

    private OperationResult Serve(Operation operation, Route route, WriteId? write, Fate fate)
    {
        if (fate == Fate.Exhausted) return FakeState.Error(operation.Id, ErrorCode.ResourceExhausted, "the queue is full");
        var isWrite = operation.OperationCase != Operation.OperationOneofCase.Get;
        var leaderOnly = isWrite || operation.Get.Consistency is Consistency.Linearizable or Consistency.Quorum;
        if (Check(route, Key(operation).Span, leaderOnly, operation.Id) is { } error) return error;
        var result = cluster.State.Apply(operation, cluster.State.RangeOf(route.RangeId)!, isWrite ? write : null);
        if (fate != Fate.UnknownAfterApply) return result;
        var unknown = FakeState.Error(operation.Id, ErrorCode.Unavailable, "leadership was lost");
        unknown.Error.OutcomeUnknown = true;
        return unknown;
    }

    private OperationResult? Check(Route route, ReadOnlySpan<byte> key, bool write, ulong operationId)
    {
        var range = cluster.State.RangeOf(route.RangeId);
        if (range is null || range.Epoch != route.Epoch)
        {
            var stale = FakeState.Error(operationId, ErrorCode.EpochNotMatch, "the range has changed");
            stale.Error.Range = range ?? cluster.State.RangeOf(key);
            return stale;
        }
        var leader = cluster.State.LeaderOf(range.Group);
        if (!write || leader == id) return null;
        var denied = FakeState.Error(operationId, ErrorCode.NotLeader, $"node {id} does not lead group {range.Group}");
        denied.Error.LeaderNode = leader;
        return denied;
    }

    private static ByteString Key(Operation operation) => operation.OperationCase switch
    {
        Operation.OperationOneofCase.Get => operation.Get.Key,
        Operation.OperationOneofCase.Put => operation.Put.Key,
        Operation.OperationOneofCase.Delete => operation.Delete.Key,
        Operation.OperationOneofCase.CompareAndSwap => operation.CompareAndSwap.Key,
        Operation.OperationOneofCase.Transaction => operation.Transaction.Compares[0].Key,
        _ => operation.Increment.Key,
    };

    private static RpcException Failed(Error error) => new(
        new Status(error.Code switch { ErrorCode.NotLeader or ErrorCode.Unavailable => StatusCode.Unavailable, ErrorCode.ResourceExhausted => StatusCode.ResourceExhausted, _ => StatusCode.FailedPrecondition }, error.Message),
        new Metadata { { "kvstore-error-bin", error.ToByteArray() } });
}
