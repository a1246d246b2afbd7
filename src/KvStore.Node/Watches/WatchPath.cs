using KvStore.Node.Placement;
using KvStore.Node.Reads;
using KvStore.Node.Replicas;
using KvStore.Node.StateMachine;
using KvStore.Raft;

namespace KvStore.Node.Watches;

/// <summary>
/// How watches begin, on request threads. Any replica serves them: what it has applied is committed. A read index is taken first, so that "from now" means after the call, and a
/// revision that some node has answered is never said to be in the future.
/// </summary>
internal sealed class WatchPath(ReplicaSet replicas, ReadPath reads)
{
    /// <exception cref="NodeException">Why the watch cannot begin here.</exception>
    public async ValueTask<Watch> OpenAsync(WatchQuery query, IWatchSink sink, CancellationToken cancellationToken)
    {
        if (query.From is { Value: 0 }) throw Bad("from_revision: revisions begin at 1");
        if (query.Kinds == WatchKinds.None) throw Bad("filter: puts and deletes are both left out, so there is nothing to watch");
        if (!query.End.IsEmpty && query.Start.Span.SequenceCompareTo(query.End.Span) >= 0) throw Bad("end: lies before start, or the interval is empty");
        var map = replicas.View.Map ?? throw new NodeException(new NodeError(NodeErrorCode.Unavailable, "this node has no cluster map yet") { RetryAfter = TimeSpan.FromMilliseconds(100) });
        var known = map.Find(query.Route.Range) ?? throw new NodeException(new NodeError(NodeErrorCode.EpochNotMatch, $"range {query.Route.Range} is not known"));
        var owned = await OwnedAsync(known.Group, query.Route, cancellationToken);
        if (!Lies(query, owned.Descriptor)) throw Bad($"start, end: the interval crosses a border of range {owned.Descriptor.Id}; watch each range by itself");
        return replicas.Watches.Open(query, sink, replicas.View.Find(known.Group)!, owned);
    }

    /// <summary>Asks for a bookmark that covers all that was acknowledged before the call.</summary>
    /// <exception cref="NodeException">The replica cannot find out how far that is.</exception>
    public async ValueTask RequestProgressAsync(Watch watch, CancellationToken cancellationToken)
    {
        var owned = await OwnedAsync(watch.Range.Group, watch.Query.Route, cancellationToken);
        replicas.Watches.WantProgress(watch, owned.Store.Revision);
    }

    private async ValueTask<OwnedRange> OwnedAsync(GroupId group, RangeRoute route, CancellationToken cancellationToken)
    {
#if PLANTED
        var barrier = await reads.BarrierAsync(group, Plants.Has(PlantedBug.WatchFromLocalState) ? ReadConsistency.Stale : ReadConsistency.Follower, default, cancellationToken);
#else
        var barrier = await reads.BarrierAsync(group, ReadConsistency.Follower, default, cancellationToken);
#endif
        var owned = barrier.Owned.Find(route.Range);
        if (owned is not null && owned.Descriptor.Epoch == route.Epoch) return owned;
        throw new NodeException(Ownership.Refusal(replicas.View.Find(group)!, owned, route, replicas.View.Map));
    }

    private static bool Lies(WatchQuery query, RangeDescriptor range) =>
        query.Start.Span.SequenceCompareTo(range.Start.Span) >= 0
        && (range.End.IsEmpty || query.End.IsEmpty || query.End.Span.SequenceCompareTo(range.End.Span) <= 0)
        && (range.End.IsEmpty || query.Start.Span.SequenceCompareTo(range.End.Span) < 0);

    private static NodeException Bad(string message) => new(new NodeError(NodeErrorCode.InvalidArgument, message));
}
