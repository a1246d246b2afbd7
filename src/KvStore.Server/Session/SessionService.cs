using Grpc.Core;
using KvStore.Node;
using KvStore.Node.StateMachine;
using KvStore.Node.Time;
using KvStore.Server.Hosting;
using KvStore.Server.Services;

namespace KvStore.Server.Session;

/// <summary>kvstore.v1.Kv/Session: batches in, results out in any order. The bytes of a batch of writes go into the log as they came.</summary>
internal sealed class SessionService(KvNode node, RangeResolver ranges, KvService service, RequestLimits limits, ITimeSource time)
{
    private readonly SessionReads _reads = new(node, ranges, service, time);

    public async Task RunAsync(IAsyncStreamReader<RawRequest> requests, IServerStreamWriter<RawResponse> responses, ServerCallContext context)
    {
        var output = new SessionOutput(responses);
        while (await requests.MoveNext(context.CancellationToken).ConfigureAwait(false))
        {
            try
            {
                var request = requests.Current.Bytes;
                for (var place = 0; place < request.Length;)
                {
                    if (!output.HasRoom) await output.RoomAsync(context.CancellationToken).ConfigureAwait(false);
                    using (BorrowedTurns.Collect()) place = Handle(request, place, output, context.CancellationToken);
                }
            }
            catch (InvalidDataException e)
            {
                throw new RpcException(new Status(StatusCode.Internal, e.Message));
            }
        }

        await output.DrainedAsync().ConfigureAwait(false);
    }

    /// <summary>Handles batches while there is room for their answers.</summary>
    /// <returns>Where the next batch begins, or the end.</returns>
    private int Handle(byte[] request, int from, SessionOutput output, CancellationToken cancellationToken)
    {
        var reader = new WireReader(request.AsSpan(from));
        while (output.HasRoom && reader.TryReadTag(out var tag))
        {
            if (tag >> 3 != 1)
            {
                reader.Skip(tag);
                continue;
            }

            var bytes = reader.ReadBytes();
            SessionWire.Require(request.AsSpan().Overlaps(bytes, out var start) || bytes.IsEmpty);
            var batch = request.AsMemory(start, bytes.Length);
            var header = BatchHeader.Read(batch.Span);
            if (header.Count == 0) continue;
            output.Opened();
            if (header is { HasWrites: true, HasReads: true }) output.Refuse(header.Ids.AsSpan(0, header.Count), new NodeError(NodeErrorCode.InvalidArgument, "batch: holds writes and reads; send them apart"));
            else if (header.HasWrites) Write(batch, header, output);
            else _ = _reads.AnswerAsync(batch, header, output, cancellationToken);
        }

        SessionWire.Require(!reader.Malformed);
        return from + reader.Position;
    }

    private void Write(ReadOnlyMemory<byte> batch, in BatchHeader header, SessionOutput output)
    {
        if (CommandValidator.Check(batch.Span, limits.Commands, out var validated, ranges.ColocationOf(header.Range)) is { } error)
        {
            output.Refuse(header.Ids.AsSpan(0, header.Count), error);
            return;
        }

        node.Propose(new SessionWrite(output, header.Ids, header.Kinds)
        {
            Range = new RangeId(header.Range),
            Epoch = header.Epoch,
            Commands = batch,
            Count = header.Count,
            Deadline = time.Now + CallTime.Of(header.TimeoutMilliseconds),
            Fences = validated.Fences,
            Leases = validated.Leases,
        });
    }
}
