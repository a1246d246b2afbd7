using Google.Protobuf;
using Grpc.Core;
using KvStore.Client.Internal.Routing;
using KvStore.Client.Internal.Transport;
using KvStore.Protocol.V1;

namespace KvStore.Client.Internal.Watching;

/// <summary>The part of a watch that lies in one range: finds a node that serves it, and another one when that fails, always behind the last revision that it was told.</summary>
internal sealed class WatchPart(WatchSession session, Dispatcher dispatcher, KvRange interval, ulong? revision)
{
    /// <summary>A node that has not begun the watch by then is left for another one.</summary>
    private static readonly TimeSpan EstablishTimeout = TimeSpan.FromSeconds(5);
    private const int SilentIntervalsMax = 3;
    private const uint SilenceMillisecondsMin = 2000;

    private KvRange _interval = interval;
    /// <summary>All events up to here were handed on; null: not begun yet, from now on.</summary>
    private ulong? _revision = revision;
    private bool _wasEstablished;

    /// <summary>Until the watch is cancelled, or ends with a failure that no other node would change.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        try
        {
            await FollowAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // The consumer has gone; whoever asked for that knows.
            return;
        }
        catch (Exception e)
        {
            session.Fail(e is KvException ? e : new KvInternalException($"watch: {e.Message}", KvOutcome.NotApplied, e));
        }
    }

    /// <summary>From the attempt: the node has begun.</summary>
    public void Established(ResponseHeader header)
    {
        _revision ??= header.Revision;
        if (_wasEstablished) return;
        _wasEstablished = true;
        session.Established(new WatchPosition(_interval, header.RangeId, _revision.Value));
    }

    /// <summary>From the attempt.</summary>
    public void Bookmarked(ResponseHeader header)
    {
        if (header.Revision < _revision)
        {
            session.Fail(new KvInternalException($"watch: a node went back from revision {_revision} to {header.Revision}"));
            return;
        }
        _revision = header.Revision;
        // A consumer that is still busy with events learns of the next one.
        if (session.Buffer.IsEmpty) session.Buffer.Add(new WatchItem(new WatchPosition(_interval, header.RangeId, header.Revision), [], 0));
    }

    /// <summary>From the attempt. False: the consumer has enough for now.</summary>
    public bool Happened(ResponseHeader header, IReadOnlyList<KvWatchEvent> events, int bytes)
    {
        if (events.Count > 0 && events[0].Revision <= _revision)
        {
            session.Fail(new KvInternalException($"watch: a node told revision {events[0].Revision} after {_revision}"));
            return false;
        }
        _revision = header.Revision;
        return session.Buffer.Add(new WatchItem(new WatchPosition(_interval, header.RangeId, header.Revision), events, bytes));
    }

    private async Task FollowAsync(CancellationToken cancellationToken)
    {
        var deadline = dispatcher.DeadlineAfter(session.Timeout);
        for (var attempts = 0; ; attempts++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var failure = new Failure(ErrorCode.Unavailable, "no replica of the range is known");
            if (Aim(attempts) is { } place)
            {
                var attempt = new WatchAttempt(this, dispatcher);
                var outcome = await TryAsync(place, attempt, cancellationToken).ConfigureAwait(false);
                if (attempt.IsEstablished) attempts = 0;
                if (outcome.Failure is null)
                {
                    await session.Buffer.RoomAsync(cancellationToken).ConfigureAwait(false);
                    attempts = -1;
                    continue;
                }
                failure = outcome.Failure;
                if (!IsTransient(failure)) throw FailureTranslation.ToException(failure, $"watch: {failure.Message}", KvOutcome.NotApplied);
                if (failure.Range is { } moved) dispatcher.Topology.Learn(moved);
            }
            else if (attempts > 0 && dispatcher.Topology.Current is { ClusterId.Length: > 0 } map && !map.HasKeyspace(session.Keyspace))
            {
                throw new KvNotFoundException($"watch: there is no keyspace '{session.Keyspace}'");
            }
            if (failure == Dispatcher.Disposed || (!_wasEstablished && dispatcher.Now >= deadline)) throw Unavailable(failure);
            await PauseAsync(attempts, failure, cancellationToken).ConfigureAwait(false);
        }
    }

    private KvUnavailableException Unavailable(Failure last) => new(_wasEstablished ? $"watch: {last.Message}"
        : $"watch: not established within {FailureTranslation.Seconds(session.Timeout)}; last: {last.Message}", KvOutcome.NotApplied, last.Cause);

    private static bool IsTransient(Failure failure) => !failure.Denied
        && failure.Code is ErrorCode.Unavailable or ErrorCode.NotLeader or ErrorCode.EpochNotMatch or ErrorCode.ResourceExhausted or ErrorCode.DeadlineExceeded;

    /// <summary>Where to watch: the leader first, then the other replicas in turn. What lies behind the border of the range becomes a part of its own.</summary>
    private Place? Aim(int attempts)
    {
        if (dispatcher.Topology.Current.Find(session.Keyspace, _interval.Start.Memory.Span) is not { } route) return null;
        if (Intervals.Behind(_interval, new KvBytes(route.End)) is { } rest)
        {
            session.Begin(rest, _revision);
            _interval = _interval with { End = new KvBytes(route.End) };
        }
        var leader = route.Group.Leader;
        var node = attempts == 0 && leader != 0 ? leader : dispatcher.NodeFor(route, ReplicaChoice.Any, attempts);
        return dispatcher.ConnectionTo(node) is { } connection ? new Place(route, connection) : null;
    }

    private async Task<WatchOutcome> TryAsync(Place place, WatchAttempt attempt, CancellationToken cancellationToken)
    {
        if (place.Connection.Resting is { } resting) return new WatchOutcome(resting);
        WatchLine line;
        ulong id;
        try
        {
            (line, id) = place.Connection.Watches.Add(Request(place.Route), attempt);
        }
        catch (Exception e) when (e is RpcException or ObjectDisposedException or InvalidOperationException)
        {
            return new WatchOutcome(e is ObjectDisposedException ? Dispatcher.Disposed : FailureReader.Read(e, place.Connection.Address));
        }
        try
        {
            while (true)
            {
                var limit = attempt.BookmarkMilliseconds == 0 ? EstablishTimeout : TimeSpan.FromMilliseconds(SilenceMillisecondsMin + SilentIntervalsMax * attempt.BookmarkMilliseconds);
                try
                {
                    return await attempt.Outcome.WaitAsync(limit, session.Time, cancellationToken).ConfigureAwait(false);
                }
                catch (TimeoutException) when (session.Time.GetElapsedTime(attempt.HeardAt) < limit)
                {
                    // Something came meanwhile.
                    continue;
                }
                catch (TimeoutException)
                {
                    return new WatchOutcome(new Failure(ErrorCode.Unavailable, $"{place.Connection.Address}: nothing was heard of the watch for {FailureTranslation.Seconds(limit)}"));
                }
            }
        }
        finally
        {
            attempt.Stop();
            line.Remove(id);
        }
    }

    private WatchCreate Request(RangeRoute route) => new()
    {
        Start = UnsafeByteOperations.UnsafeWrap(_interval.Start.Memory),
        End = UnsafeByteOperations.UnsafeWrap(_interval.End.Memory),
        Route = new Route { RangeId = route.RangeId, Epoch = route.Epoch },
        FromRevision = _revision is { } told ? told + 1 : 0,
        Previous = session.Options.Previous == KvWatchPrevious.Include,
        NoPuts = (session.Options.Kinds & KvWatchKinds.Puts) == 0,
        NoDeletes = (session.Options.Kinds & KvWatchKinds.Deletes) == 0,
    };

    private async Task PauseAsync(int attempts, Failure failure, CancellationToken cancellationToken)
    {
        var refreshed = await dispatcher.Topology.RefreshAsync().WaitAsync(cancellationToken).ConfigureAwait(false);
        if (refreshed is null && attempts == 0) return;
        var pause = dispatcher.Pause(attempts);
        await Task.Delay(failure.RetryAfter > pause ? failure.RetryAfter : pause, session.Time, cancellationToken).ConfigureAwait(false);
    }

    private sealed record Place(RangeRoute Route, NodeConnection Connection);
}
