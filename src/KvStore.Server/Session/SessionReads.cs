using KvStore.Node;
using KvStore.Node.StateMachine;
using KvStore.Node.Time;
using KvStore.Protocol.V1;
using KvStore.Server.Services;
using KvStore.Storage.Engine;
using RangeDescriptor = KvStore.Node.Placement.RangeDescriptor;

namespace KvStore.Server.Session;

/// <summary>Answers batches without writes: many gets share one read barrier.</summary>
internal sealed class SessionReads(KvNode node, RangeResolver ranges, KvService service, ITimeSource time)
{
    private static readonly TimeSpan DefaultTimeout = TimeSpan.FromSeconds(10);
    private readonly ScanService _scans = new(node, ranges);

    public async ValueTask<ResultBuffer> AnswerAsync(ReadOnlyMemory<byte> batch, BatchHeader header, CancellationToken cancellationToken)
    {
        var buffer = new ResultBuffer(header.Count * 64);
        try
        {
            var range = ranges.Find(header.Range, header.Epoch);
            if (Plain(batch.Span, header)) return await GetsAsync(batch, header, range, buffer, ReadConsistency.Linearizable, cancellationToken).ConfigureAwait(false);
            await OneByOneAsync(Batch.Parser.ParseFrom(batch.Span), range, buffer, cancellationToken).ConfigureAwait(false);
        }
        catch (NodeException e)
        {
            buffer.Release();
            buffer = new ResultBuffer(256);
            for (var i = 0; i < header.Count; i++) buffer.Error(header.Ids[i], e.Error);
        }

        return buffer;
    }

    // Only gets of the newest value, linearizable, without fields that the fast path does not read.
    private static bool Plain(ReadOnlySpan<byte> batch, in BatchHeader header)
    {
        for (var i = 0; i < header.Count; i++)
            if (header.Kinds[i] != OperationKind.Get) return false;
        foreach (var get in new GetSequence(batch))
            if (!get.Plain) return false;
        return true;
    }

    private async ValueTask<ResultBuffer> GetsAsync(ReadOnlyMemory<byte> batch, BatchHeader header, RangeDescriptor range, ResultBuffer buffer, ReadConsistency consistency, CancellationToken cancellationToken)
    {
        var barrier = await node.BarrierAsync(range.Group, consistency, TimeSpan.Zero, cancellationToken).ConfigureAwait(false);
        if (barrier.Owned.Find(range.Id) is not { } owned || owned.Descriptor.Epoch != range.Epoch)
            throw new NodeException(new NodeError(NodeErrorCode.EpochNotMatch, $"route: range {range.Id} at epoch {range.Epoch} is not here now"));
        ReadValues(batch.Span, owned, buffer);
        if (barrier.StillValid(time)) return buffer;
        // The process was stopped while it read, and the lease ran out: these values may be old.
        buffer.Release();
        return await GetsAsync(batch, header, range, new ResultBuffer(header.Count * 64), ReadConsistency.Quorum, cancellationToken).ConfigureAwait(false);
    }

    private static void ReadValues(ReadOnlySpan<byte> batch, OwnedRange owned, ResultBuffer buffer)
    {
        foreach (var get in new GetSequence(batch))
        {
            if (KeyError(get.Key) is { } error)
            {
                buffer.Error(get.Id, error);
            }
            else if (!owned.Descriptor.Contains(get.Key))
            {
                buffer.Error(get.Id, new NodeError(NodeErrorCode.EpochNotMatch, $"route: range {owned.Descriptor.Id} does not hold this key"));
            }
            else
            {
                var found = owned.Store.TryGet(get.Key, null, out var value);
                buffer.Get(get.Id, found, value);
            }
        }
    }

    private static NodeError? KeyError(ReadOnlySpan<byte> key) =>
        key.IsEmpty ? new NodeError(NodeErrorCode.InvalidArgument, "key: must not be empty")
        : key.Length > CommandLimits.KeyBytesMax ? new NodeError(NodeErrorCode.InvalidArgument, $"key: {key.Length} bytes; the limit is {CommandLimits.KeyBytesMax}")
        : null;

    private async ValueTask OneByOneAsync(Batch batch, RangeDescriptor range, ResultBuffer buffer, CancellationToken cancellationToken)
    {
        foreach (var operation in batch.Operations)
        {
            var result = new OperationResult { Id = operation.Id };
            try
            {
                switch (operation.OperationCase)
                {
                    case Operation.OperationOneofCase.Get:
                        result.Get = await GetAsync(operation.Get, range, cancellationToken).ConfigureAwait(false);
                        break;
                    case Operation.OperationOneofCase.Scan:
                        result.Scan = await _scans.PageAsync(range, operation.Scan, cancellationToken).ConfigureAwait(false);
                        break;
                    case Operation.OperationOneofCase.OpenSession:
                        var timeout = batch.TimeoutMs == 0 ? DefaultTimeout : TimeSpan.FromMilliseconds(batch.TimeoutMs);
                        result.OpenSession = await service.OpenSessionAsync(range, time.Now + timeout).ConfigureAwait(false);
                        break;
                    default:
                        throw new NodeException(new NodeError(NodeErrorCode.InvalidArgument, "operation: none is set that this node knows"));
                }
            }
            catch (NodeException e)
            {
                result.Error = Errors.ToProto(e.Error);
            }

            buffer.Write(result);
        }
    }

    private async ValueTask<GetResponse> GetAsync(GetRequest get, RangeDescriptor range, CancellationToken cancellationToken)
    {
        if (KeyError(get.Key.Span) is { } error) throw new NodeException(error);
        var answer = await node.GetAsync(new GetQuery(new RangeRoute(range.Id, range.Epoch), get.Key.Memory, (ReadConsistency)get.Consistency,
            TimeSpan.FromMilliseconds(get.MaxStalenessMs), get.Revision == 0 ? null : new Revision(get.Revision)), cancellationToken).ConfigureAwait(false);
        return new GetResponse { Kv = answer.Value is { } value ? CommandResponses.ToProto(value) : null };
    }
}
