using KvStore.Node;
using KvStore.Node.StateMachine;
using KvStore.Node.Time;
using KvStore.Protocol.V1;
using KvStore.Server.Services;
using KvStore.Storage.Engine;
using RangeDescriptor = KvStore.Node.Placement.RangeDescriptor;

namespace KvStore.Server.Session;

/// <summary>
/// Answers batches without writes: many gets share one read barrier. Results go out in pieces, and nothing is read while the client has too many of them still to take, so that
/// neither the number of gets nor the size of values decides how much a node holds in memory.
/// </summary>
internal sealed class SessionReads(KvNode node, RangeResolver ranges, KvService service, ITimeSource time)
{
    private const int BytesPerGet = 64;
    private readonly ScanService _scans = new(node, ranges);

    /// <summary>Posts an answer to each operation of the batch; what is in the way of the rest is their answer.</summary>
    public async Task AnswerAsync(ReadOnlyMemory<byte> batch, BatchHeader header, SessionOutput output, CancellationToken cancellationToken)
    {
        var (answered, place) = (0, 0);
        var consistency = ReadConsistency.Linearizable;
        RangeDescriptor? range = null;
        try
        {
            range = ranges.Find(header.Range, header.Epoch);
            if (!Plain(batch.Span, header))
            {
                await OneByOneAsync(Batch.Parser.ParseFrom(batch.Span), range, output, cancellationToken).ConfigureAwait(false);
                return;
            }

            while (answered < header.Count)
            {
                var barrier = await node.BarrierAsync(range.Group, consistency, TimeSpan.Zero, cancellationToken).ConfigureAwait(false);
                var owned = Owned(barrier, range);
                if (!output.TryReserve())
                {
                    await output.RoomAsync(cancellationToken).ConfigureAwait(false);
                    continue;
                }

                var (buffer, gets, next) = await ReadValuesAsync(batch, place, owned, header.Count - answered, output).ConfigureAwait(false);
                if (!barrier.StillValid(time))
                {
                    // The process was stopped while it read, and the lease ran out: these values may be old.
                    buffer.Release();
                    consistency = ReadConsistency.Quorum;
                    continue;
                }

                SessionWire.Require(gets > 0);
                (answered, place, consistency) = (answered + gets, next, ReadConsistency.Linearizable);
                if (answered < header.Count) output.PostPart(buffer);
                else output.PostAndWrite(buffer);
            }
        }
        catch (Exception e)
        {
            output.Refuse(header.Ids.AsSpan(answered, header.Count - answered), ErrorOf(e, range));
        }
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

    private static OwnedRange Owned(in ReadBarrier barrier, RangeDescriptor range) =>
        barrier.Owned.Find(range.Id) is { } owned && owned.Descriptor.Epoch == range.Epoch
            ? owned
            : throw new NodeException(new NodeError(NodeErrorCode.EpochNotMatch, $"route: range {range.Id} at epoch {range.Epoch} is not here now"));

    /// <summary>One piece of the answer: how many gets it answers, and where the next one begins.</summary>
    private static async ValueTask<(ResultBuffer Buffer, int Gets, int Next)> ReadValuesAsync(ReadOnlyMemory<byte> batch, int from, OwnedRange owned, int left, SessionOutput reserved)
    {
        try
        {
            var buffer = new ResultBuffer(Math.Min(left * BytesPerGet, SessionOutput.PieceBytesMax));
            var together = new GetsTogether(Math.Min(left, GetsTogether.Max));
            var (gets, next) = (0, from);
            while (gets < left && buffer.Length < SessionOutput.PieceBytesMax)
            {
                var (answered, end) = await together.AnswerAsync(batch, next, owned, buffer).ConfigureAwait(false);
                if (answered == 0) break;
                (gets, next) = (gets + answered, end);
            }

            return (buffer, gets, next);
        }
        finally
        {
            reserved.EndReservation();
        }
    }

    private NodeError ErrorOf(Exception failure, RangeDescriptor? range) => failure switch
    {
        NodeException refused => refused.Error,
        OperationCanceledException => new NodeError(NodeErrorCode.DeadlineExceeded, "the session ended before the read could be answered"),
        _ when range is not null && node.ReadFailure(range.Group, failure) is { } error => error,
        _ => new NodeError(NodeErrorCode.Internal, failure.Message),
    };

    private async Task OneByOneAsync(Batch batch, RangeDescriptor range, SessionOutput output, CancellationToken cancellationToken)
    {
        var buffer = new ResultBuffer(batch.Operations.Count * BytesPerGet);
        foreach (var operation in batch.Operations)
        {
            var result = new OperationResult { Id = operation.Id };
            try
            {
                if (buffer.Length >= SessionOutput.PieceBytesMax)
                {
                    output.PostPart(buffer);
                    buffer = new ResultBuffer(SessionOutput.PieceBytesMax);
                }

                if (!output.HasRoom) await output.RoomAsync(cancellationToken).ConfigureAwait(false);
                await AnswerAsync(operation, batch.TimeoutMs, range, result, cancellationToken).ConfigureAwait(false);
            }
            catch (Exception e)
            {
                result.Error = Errors.ToProto(ErrorOf(e, range));
            }

            buffer.Write(result);
        }

        output.PostAndWrite(buffer);
    }

    private async ValueTask AnswerAsync(Operation operation, uint timeoutMilliseconds, RangeDescriptor range, OperationResult result, CancellationToken cancellationToken)
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
                result.OpenSession = await service.OpenSessionAsync(range, time.Now + CallTime.Of(timeoutMilliseconds)).ConfigureAwait(false);
                break;
            default:
                throw new NodeException(new NodeError(NodeErrorCode.InvalidArgument, "operation: none is set that this node knows"));
        }
    }

    private async ValueTask<GetResponse> GetAsync(GetRequest get, RangeDescriptor range, CancellationToken cancellationToken)
    {
        if (GetsTogether.KeyError(get.Key.Span) is { } error) throw new NodeException(error);
        var answer = await node.GetAsync(new GetQuery(new RangeRoute(range.Id, range.Epoch), get.Key.Memory, (ReadConsistency)get.Consistency,
            TimeSpan.FromMilliseconds(get.MaxStalenessMs), get.Revision == 0 ? null : new Revision(get.Revision)), cancellationToken).ConfigureAwait(false);
        return new GetResponse { Kv = answer.Value is { } value ? CommandResponses.ToProto(value) : null };
    }
}
