using System.Runtime.CompilerServices;
using Google.Protobuf;
using Grpc.Core;
using KvStore.Client.Internal.Routing;
using KvStore.Client.Internal.Transport;
using KvStore.Protocol.V1;

namespace KvStore.Client.Internal;

/// <summary>Walks an interval range by range and page by page. All pages of a range come from one snapshot, unless the range moves in between.</summary>
internal sealed class ScanPager(Dispatcher dispatcher, string keyspace, KvScanOptions options, TimeSpan timeout)
{
    public async IAsyncEnumerable<KvEntry> ReadAsync(KvRange range, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var left = options.Limit > 0 ? options.Limit : long.MaxValue;
        await foreach (var page in PagesAsync(range, left, CountOnly.No, cancellationToken).ConfigureAwait(false))
        {
            foreach (var kv in page.Kvs)
            {
                yield return new KvEntry(new KvBytes(kv.Key.Memory), new KvBytes(kv.Value.Memory), kv.CreateRevision, kv.ModRevision, kv.Version, new KvLeaseId(kv.Lease));
                if (--left == 0) yield break;
            }
        }
    }

    public async Task<long> CountAsync(KvRange range, CancellationToken cancellationToken)
    {
        long count = 0;
        await foreach (var page in PagesAsync(range, long.MaxValue, CountOnly.Yes, cancellationToken).ConfigureAwait(false)) count += (long)page.Count;
        return count;
    }

    private async IAsyncEnumerable<ScanResponse> PagesAsync(KvRange range, long limit, CountOnly countOnly, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var cursor = new Cursor { Left = range, Behind = range };
        while (true)
        {
            var page = await PageAsync(cursor, limit, countOnly, cancellationToken).ConfigureAwait(false);
            yield return page;
            limit -= page.Kvs.Count;
            if (limit <= 0) yield break;
            cursor.Resume = page.Next;
            if (!page.Next.IsEmpty)
            {
                if (page.Kvs.Count > 0) cursor.Behind = Behind(cursor.Left, page.Kvs[^1].Key);
                continue;
            }
            if (Rest(cursor.Left, cursor.Part) is not { } rest) yield break;
            cursor.Left = cursor.Behind = rest;
        }
    }

    /// <summary>One page from the first (or last, when descending) range of what is left.</summary>
    private async Task<ScanResponse> PageAsync(Cursor cursor, long limit, CountOnly countOnly, CancellationToken cancellationToken)
    {
        var deadline = dispatcher.DeadlineAfter(timeout);
        var failure = new Failure(ErrorCode.Unavailable, "the range's leader is not known");
        for (var attempt = 0; ; attempt++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (dispatcher.Now >= deadline) throw Expired(failure);
            if (Aim(cursor, attempt, countOnly) is { } connection)
            {
                try
                {
                    var call = new CallOptions().WithDeadline(DateTime.UtcNow.AddMilliseconds(dispatcher.MillisecondsUntil(deadline, dispatcher.Now))).WithCancellationToken(cancellationToken);
                    return await connection.Kv.ScanAsync(Request(cursor, limit, countOnly), call).ConfigureAwait(false);
                }
                catch (Exception e) when (e is RpcException or InvalidOperationException or IOException or ObjectDisposedException or OperationCanceledException)
                {
                    cancellationToken.ThrowIfCancellationRequested();
                    failure = FailureReader.Read(e, connection.Address);
                    if (!IsTransient(failure)) throw FailureTranslation.ToException(failure, $"scan: {failure.Message}", KvOutcome.NotApplied);
                    if (failure.Range is { } moved) dispatcher.Topology.Learn(moved);
                    if (failure.Code == ErrorCode.NotLeader && Choice == ReplicaChoice.Leader) cursor.Route!.Group.Deny(cursor.Node, failure.LeaderNode);
                }
            }
            else if (attempt > 0 && dispatcher.Topology.Current is { ClusterId.Length: > 0 } map && !map.HasKeyspace(keyspace))
            {
                throw new KvNotFoundException($"scan: there is no keyspace '{keyspace}'");
            }
            await PauseAsync(attempt, failure, cancellationToken).ConfigureAwait(false);
        }
    }

    private ReplicaChoice Choice => options.Consistency is KvConsistency.Linearizable or KvConsistency.Quorum ? ReplicaChoice.Leader : ReplicaChoice.Any;

    /// <summary>Points the cursor at the range that holds what is left. Null: nobody knows where that is.</summary>
    private NodeConnection? Aim(Cursor cursor, int attempt, CountOnly countOnly)
    {
        if (First(cursor.Left) is not { } route) return null;
        if (!cursor.Resume.IsEmpty && (cursor.Route!.RangeId != route.RangeId || cursor.Route.Epoch != route.Epoch))
        {
            // The range moved or was split between two pages: its snapshot is gone, so go on behind what was read.
            if (countOnly == CountOnly.Yes) throw new KvUnavailableException("count: a range moved while it was counted; count again");
            cursor.Resume = ByteString.Empty;
            cursor.Left = cursor.Behind;
            if (First(cursor.Left) is not { } next) return null;
            route = next;
        }
        cursor.Route = route;
        cursor.Part = Clip(cursor.Left, route);
        cursor.Node = dispatcher.NodeFor(route, Choice, attempt);
        return dispatcher.ConnectionTo(cursor.Node);
    }

    private async Task PauseAsync(int attempt, Failure failure, CancellationToken cancellationToken)
    {
        if (failure.LeaderNode != 0 && attempt == 0) return;
        var refreshed = await dispatcher.Topology.RefreshAsync().WaitAsync(cancellationToken).ConfigureAwait(false);
        if (refreshed is null && attempt == 0) return;
        var pause = dispatcher.Pause(attempt);
        await Task.Delay(failure.RetryAfter > pause ? failure.RetryAfter : pause, cancellationToken).ConfigureAwait(false);
    }

    private static bool IsTransient(Failure failure) => !failure.Denied
        && failure.Code is ErrorCode.Unavailable or ErrorCode.NotLeader or ErrorCode.EpochNotMatch or ErrorCode.ResourceExhausted or ErrorCode.DeadlineExceeded;

    private KvException Expired(Failure last)
    {
        var message = $"scan: no answer within {FailureTranslation.Seconds(timeout)}; last: {last.Message}";
        return FailureTranslation.ToException(last, message, KvOutcome.NotApplied);
    }

    private ScanRequest Request(Cursor cursor, long limit, CountOnly countOnly) => new()
    {
        Keyspace = keyspace,
        Start = UnsafeByteOperations.UnsafeWrap(cursor.Part.Start.Memory),
        End = UnsafeByteOperations.UnsafeWrap(cursor.Part.End.Memory),
        Limit = countOnly == CountOnly.Yes ? 0 : (uint)Math.Min(options.PageSize > 0 ? options.PageSize : uint.MaxValue, limit == long.MaxValue && options.PageSize == 0 ? 0 : limit),
        KeysOnly = options.Content == KvScanContent.KeysOnly,
        CountOnly = countOnly == CountOnly.Yes,
        Descending = options.Order == KvScanOrder.Descending,
        Consistency = (Consistency)options.Consistency,
        MaxStalenessMs = options.Consistency == KvConsistency.Bounded ? (uint)options.MaxStaleness.TotalMilliseconds : 0,
        Resume = cursor.Resume,
        Route = new Route { RangeId = cursor.Route!.RangeId, Epoch = cursor.Route.Epoch },
    };

    private RangeRoute? First(KvRange left)
    {
        var topology = dispatcher.Topology.Current;
        if (options.Order == KvScanOrder.Ascending) return topology.Find(keyspace, left.Start.Memory.Span);
        var ranges = topology.RangesOf(keyspace);
        for (var i = ranges.Length - 1; i >= 0; i--)
            if (RangeRoute.IsBefore(ranges[i].Start.Span, left.End.Memory.Span)) return ranges[i];
        return null;
    }

    private static KvRange Clip(KvRange interval, RangeRoute route)
    {
        var start = interval.Start.Memory.Span.SequenceCompareTo(route.Start.Span) < 0 ? new KvBytes(route.Start) : interval.Start;
        var end = route.End.IsEmpty || (!interval.End.Memory.IsEmpty && interval.End.Memory.Span.SequenceCompareTo(route.End.Span) <= 0) ? interval.End : new KvBytes(route.End);
        return new KvRange(start, end);
    }

    /// <summary>The interval without the part that is done; null when nothing is left.</summary>
    private KvRange? Rest(KvRange left, KvRange done)
    {
        if (options.Order == KvScanOrder.Ascending) return done.End == left.End ? null : left with { Start = done.End };
        return done.Start == left.Start ? null : left with { End = done.Start };
    }

    private KvRange Behind(KvRange left, ByteString key) =>
        options.Order == KvScanOrder.Descending ? left with { End = new KvBytes(key.Memory) } : left with { Start = new KvBytes((byte[])[.. key.Span, 0]) };

    private sealed class Cursor
    {
        public KvRange Left;
        /// <summary>What is left if the snapshot is lost.</summary>
        public KvRange Behind;
        public KvRange Part;
        public ByteString Resume = ByteString.Empty;
        public RangeRoute? Route;
        public ulong Node;
    }

    private enum CountOnly
    {
        No,
        Yes,
    }
}
