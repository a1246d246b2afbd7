using Grpc.Core;
using KvStore.Node;
using KvStore.Node.StateMachine;
using KvStore.Node.Time;
using KvStore.Server.Services;

namespace KvStore.Server.Session;

/// <summary>kvstore.v1.Kv/Session: batches in, results out in any order. The bytes of a batch of writes go into the log as they came.</summary>
internal sealed class SessionService(KvNode node, RangeResolver ranges, KvService service, RequestLimits limits, ITimeSource time)
{
    private static readonly TimeSpan DefaultTimeout = TimeSpan.FromSeconds(10);
    private readonly SessionReads _reads = new(node, ranges, service, time);

    public async Task RunAsync(IAsyncStreamReader<RawRequest> requests, IServerStreamWriter<RawResponse> responses, ServerCallContext context)
    {
        var output = new SessionOutput(responses);
        while (await requests.MoveNext(context.CancellationToken).ConfigureAwait(false))
        {
            try
            {
                Handle(requests.Current.Bytes, output, context.CancellationToken);
            }
            catch (InvalidDataException e)
            {
                throw new RpcException(new Status(StatusCode.Internal, e.Message));
            }
        }

        await output.DrainedAsync().ConfigureAwait(false);
    }

    private void Handle(byte[] request, SessionOutput output, CancellationToken cancellationToken)
    {
        var reader = new WireReader(request);
        while (reader.TryReadTag(out var tag))
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
            if (header is { HasWrites: true, HasReads: true }) Refuse(output, header, new NodeError(NodeErrorCode.InvalidArgument, "batch: holds writes and reads; send them apart"));
            else if (header.HasWrites) Write(batch, header, output);
            else Read(batch, header, output, cancellationToken);
        }

        SessionWire.Require(!reader.Malformed);
    }

    private void Write(ReadOnlyMemory<byte> batch, in BatchHeader header, SessionOutput output)
    {
        if (CommandValidator.Check(batch.Span, limits.Commands, out var validated, ranges.ColocationOf(header.Range)) is { } error)
        {
            Refuse(output, header, error);
            return;
        }

        var timeout = header.TimeoutMilliseconds == 0 ? DefaultTimeout : TimeSpan.FromMilliseconds(Math.Min(header.TimeoutMilliseconds, uint.MaxValue));
        node.Propose(new SessionWrite(output, header.Ids, header.Kinds)
        {
            Range = new RangeId(header.Range),
            Epoch = header.Epoch,
            Commands = batch,
            Count = header.Count,
            Deadline = time.Now + timeout,
            Fences = validated.Fences,
            Leases = validated.Leases,
        });
    }

    private void Read(ReadOnlyMemory<byte> batch, in BatchHeader header, SessionOutput output, CancellationToken cancellationToken)
    {
        var answer = _reads.AnswerAsync(batch, header, cancellationToken);
        if (answer.IsCompletedSuccessfully) output.PostAndWrite(answer.Result);
        else _ = PostWhenDone(answer.AsTask(), header, output);
    }

    private static async Task PostWhenDone(Task<ResultBuffer> answer, BatchHeader header, SessionOutput output)
    {
        try
        {
            output.PostAndWrite(await answer.ConfigureAwait(false));
        }
        catch (OperationCanceledException)
        {
            Refuse(output, header, new NodeError(NodeErrorCode.DeadlineExceeded, "the session ended before the read could be answered"));
        }
        catch (Exception e)
        {
            Refuse(output, header, new NodeError(NodeErrorCode.Internal, e.Message));
        }
    }

    private static void Refuse(SessionOutput output, in BatchHeader header, NodeError error)
    {
        var buffer = new ResultBuffer(256);
        for (var i = 0; i < header.Count; i++) buffer.Error(header.Ids[i], error);
        output.PostAndWrite(buffer);
    }
}
