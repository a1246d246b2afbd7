using Google.Protobuf;
using KvStore.Node;
using KvStore.Protocol.V1;
using KvStore.Storage.Engine;
using RangeDescriptor = KvStore.Node.Placement.RangeDescriptor;

namespace KvStore.Server.Services;

/// <summary>Pages of a scan: one range a page, one snapshot revision a range, borders crossed by the opaque resume token.</summary>
internal sealed class ScanService(KvNode node, RangeResolver ranges)
{
    private const int PageBytesMax = 1 << 20;
    private const int PageKeysMax = 100_000;

    /// <summary>The range that the next page reads.</summary>
    /// <exception cref="NodeException">Unknown keyspace, bad interval or token.</exception>
    public RangeDescriptor RangeOf(ScanRequest request)
    {
        if (!request.End.IsEmpty && request.Start.Span.SequenceCompareTo(request.End.Span) > 0) throw Bad("end: lies before start");
        if (request.Resume.IsEmpty && request.Route is { } route) return ranges.Find(route.RangeId, route.Epoch);
        var position = ScanPosition.Of(request);
        if (!request.Descending) return ranges.Resolve(request.Keyspace, position.Key.Span, null);
        return LastBefore(request.Keyspace, position.Key);
    }

    public async ValueTask<ScanResponse> PageAsync(RangeDescriptor range, ScanRequest request, CancellationToken cancellationToken)
    {
        var position = ScanPosition.Of(request);
        var (start, end) = request.Descending ? (request.Start.Memory, position.Key) : (position.Key, request.End.Memory);
        if (start.Span.SequenceCompareTo(range.Start.Span) < 0) start = range.Start;
        if (!range.End.IsEmpty && (end.IsEmpty || end.Span.SequenceCompareTo(range.End.Span) > 0)) end = range.End;
        var at = position.Range == range.Id.Value && position.Revision != 0 ? new Revision(position.Revision) : (Revision?)null;
        var answer = await node.ScanAsync(new ScanQuery(new RangeRoute(range.Id, range.Epoch), start, end,
            request.Limit == 0 ? PageKeysMax : (int)Math.Min(request.Limit, PageKeysMax), PageBytesMax,
            request.KeysOnly ? ScanContent.KeysOnly : ScanContent.KeysAndValues,
            request.Descending ? ScanOrder.Descending : ScanOrder.Ascending,
            request.CountOnly ? ScanResultKind.Count : ScanResultKind.Records,
            (ReadConsistency)request.Consistency, TimeSpan.FromMilliseconds(request.MaxStalenessMs), at), cancellationToken).ConfigureAwait(false);
        var response = new ScanResponse
        {
            Header = new ResponseHeader { RangeId = range.Id.Value, Epoch = range.Epoch, Revision = answer.Revision.Value },
            Count = (ulong)answer.Count,
            Next = Next(range, request, answer),
        };
        foreach (var value in answer.Values) response.Kvs.Add(CommandResponses.ToProto(value));
        return response;
    }

    private static ByteString Next(RangeDescriptor range, ScanRequest request, ScanAnswer answer)
    {
        if (answer.More)
        {
            var last = answer.Values[^1].Key;
            // Ascending goes on at the key's successor, descending below the key itself (the end is exclusive).
            ReadOnlyMemory<byte> key = request.Descending ? last : (byte[])[.. last.Span, 0];
            return new ScanPosition(range.Id.Value, answer.Revision.Value, key).Encode();
        }

        if (request.Descending)
            return range.Start.IsEmpty || range.Start.Span.SequenceCompareTo(request.Start.Span) <= 0 ? ByteString.Empty : new ScanPosition(0, 0, range.Start).Encode();
        return range.End.IsEmpty || (!request.End.IsEmpty && range.End.Span.SequenceCompareTo(request.End.Span) >= 0) ? ByteString.Empty : new ScanPosition(0, 0, range.End).Encode();
    }

    // The range that holds the keys just below an exclusive end; an empty end: the last range of the keyspace.
    private RangeDescriptor LastBefore(string keyspace, ReadOnlyMemory<byte> end)
    {
        var first = ranges.Resolve(keyspace, default, null);
        var candidates = ranges.Map.Ranges.Where(r => r.Keyspace == first.Keyspace);
        return candidates.Last(r => end.IsEmpty || r.Start.IsEmpty || r.Start.Span.SequenceCompareTo(end.Span) < 0);
    }

    private static NodeException Bad(string message) => new(new NodeError(NodeErrorCode.InvalidArgument, message));
}
