using KvStore.Node.Replicas;
using KvStore.Node.StateMachine;
using KvStore.Node.Time;
using KvStore.Raft;
using KvStore.Storage.Engine;

namespace KvStore.Node.Reads;

/// <summary>
/// Reads on request threads (DESIGN §8). Under a leader lease nothing but published numbers is looked at: the lease, then the commit index, then the applied index, so that all
/// that was committed when the read arrived is applied in the state that it sees. Everything else waits for a ReadIndex round of the replica's loop.
/// </summary>
internal sealed class ReadPath(ReplicaSet replicas, ITimeSource time)
{
    /// <summary>Whether a read may be served from the applied state at once; <paramref name="leaseUntil"/>: provided that this has not passed when the value was read.</summary>
    private bool MayServeNow(GroupReplica replica, ReadConsistency consistency, TimeSpan maxStaleness, out MonotonicTime? leaseUntil, out LogIndex waitFor)
    {
        leaseUntil = null;
        waitFor = LogIndex.None;
        if (consistency == ReadConsistency.Stale) return true;
#if PLANTED
        if (Plants.Has(PlantedBug.StaleRead) && consistency == ReadConsistency.Linearizable) return true;
#endif
        if (consistency is ReadConsistency.Quorum or ReadConsistency.Follower) return false;
        var until = replica.LeaseUntil;
        // After the lease: whatever was committed while it held is at or below this.
        var commit = replica.Commit;
        var now = time.Now;
#if PLANTED
        if (Plants.Has(PlantedBug.LeaseCheckedOnce) && until != default && replica.Applied >= commit) return true;
#endif
        if (now < until)
        {
            leaseUntil = until;
#if PLANTED
            if (Plants.Has(PlantedBug.LeaseReadBeforeApply)) return true;
#endif
            if (replica.Applied >= commit) return true;
            waitFor = commit;
            return false;
        }
        return consistency == ReadConsistency.Bounded && replica.HasCaughtUp && now - replica.FreshSince <= maxStaleness;
    }

    /// <summary>Until when what is read now is covered by the lease, null: for ever; or why the replica cannot serve it.</summary>
    private async ValueTask<(MonotonicTime? LeaseUntil, NodeError? Refusal)> WaitAsync(GroupReplica replica, ReadConsistency consistency, MonotonicTime? leaseUntil, LogIndex waitFor, CancellationToken cancellationToken)
    {
        if (replica.StoppedReason is not null) return (null, replica.StoppedError());
        var waiter = new ReadWaiter { Index = waitFor };
        if (leaseUntil is not null && replicas.View.FindApplier(replica.Group) is { } applier)
        {
            replica.ApplyWorker.Post(new ApplyJob(ApplyJobKind.Read, applier, waiter));
            return (leaseUntil, await waiter.WaitAsync(cancellationToken));
        }
        if (consistency is ReadConsistency.Linearizable or ReadConsistency.Quorum && !replica.View.IsLeader) return (null, replica.NotLeaderError());
        replica.Loop.Post(new LoopInput(LoopInputKind.Read, replica, waiter));
        return (null, await waiter.WaitAsync(cancellationToken));
    }

    public ValueTask<ReadBarrier> BarrierAsync(GroupId group, ReadConsistency consistency, TimeSpan maxStaleness, CancellationToken cancellationToken)
    {
        var replica = Find(group);
        Check(replica);
        return MayServeNow(replica, consistency, maxStaleness, out var until, out var waitFor)
            ? new ValueTask<ReadBarrier>(new ReadBarrier(group, Owned(replica), until))
            : WaitForBarrierAsync(replica, consistency, until, waitFor, cancellationToken);
    }

    private async ValueTask<ReadBarrier> WaitForBarrierAsync(GroupReplica replica, ReadConsistency consistency, MonotonicTime? leaseUntil, LogIndex waitFor, CancellationToken cancellationToken)
    {
        var (until, refusal) = await WaitAsync(replica, consistency, leaseUntil, waitFor, cancellationToken);
        if (refusal is not null) throw new NodeException(refusal);
        return new ReadBarrier(replica.Group, Owned(replica), until);
    }

    public ValueTask<GetAnswer> GetAsync(in GetQuery query, CancellationToken cancellationToken) =>
        AnswerAsync(query.Route, query.Consistency, query.MaxStaleness, query, static (path, replica, query) => path.GetAsync(replica, query), cancellationToken);

    public ValueTask<ScanAnswer> ScanAsync(in ScanQuery query, CancellationToken cancellationToken) =>
        AnswerAsync(query.Route, query.Consistency, query.MaxStaleness, query, static (path, replica, query) => path.ScanAsync(replica, query), cancellationToken);

    private async ValueTask<TAnswer> AnswerAsync<TQuery, TAnswer>(RangeRoute route, ReadConsistency consistency, TimeSpan maxStaleness, TQuery query, Func<ReadPath, GroupReplica, TQuery, ValueTask<TAnswer>> read, CancellationToken cancellationToken)
    {
        var replica = Find(route);
        Check(replica);
        NodeError? refusal = null;
        if (!MayServeNow(replica, consistency, maxStaleness, out var until, out var waitFor)) (until, refusal) = await WaitAsync(replica, consistency, until, waitFor, cancellationToken);
        while (true)
        {
            if (refusal is not null) throw new NodeException(refusal);
            var answer = await read(this, replica, query);
            if (until is null || time.Now < until) return answer;
            (until, refusal) = await WaitAsync(replica, consistency, null, LogIndex.None, cancellationToken);
        }
    }

    private async ValueTask<GetAnswer> GetAsync(GroupReplica replica, GetQuery query)
    {
        var store = Owned(replica, query.Route).Store;
        try
        {
            while (true)
            {
                // The answer names the revision that it was read at: that one is asked for exactly, whatever is published beside it.
                var revision = store.Revision;
                try
                {
                    return new GetAnswer(await store.GetAsync(query.Key, query.At ?? revision), revision);
                }
                catch (CompactedException) when (query.At is null)
                {
                    // History was dropped up to a later one meanwhile.
                }
            }
        }
        catch (Exception failure) when (Translate(replica, failure) is { } error)
        {
            throw new NodeException(error);
        }
    }

    private async ValueTask<ScanAnswer> ScanAsync(GroupReplica replica, ScanQuery query)
    {
        var store = Owned(replica, query.Route).Store;
        try
        {
            using var snapshot = store.Snapshot(query.At);
            if (query.Kind == ScanResultKind.Count) return new ScanAnswer([], snapshot.Count(query.Start.Span, query.End.Span), false, snapshot.Revision);
            var (values, more) = await snapshot.ReadPageAsync(query.Start, query.End, query.Order, query.Content, query.Limit, query.BytesMax);
            return new ScanAnswer(values, values.Count, more, snapshot.Revision);
        }
        catch (Exception failure) when (Translate(replica, failure) is { } error)
        {
            throw new NodeException(error);
        }
    }

    /// <summary>What a failure to read from a barrier's ranges means; a damaged record stops the replica. Null: it is none of the engine's.</summary>
    public NodeError? Translate(GroupId group, Exception failure) => replicas.View.Find(group) is { } replica ? Translate(replica, failure) : null;

    private static NodeError? Translate(GroupReplica replica, Exception failure)
    {
        switch (failure)
        {
            case CompactedException:
                return new NodeError(NodeErrorCode.Compacted, failure.Message);
            case FutureRevisionException:
                return new NodeError(NodeErrorCode.FutureRevision, failure.Message);
            case ObjectDisposedException or SnapshotEndedException:
                return new NodeError(NodeErrorCode.Unavailable, $"the replica of group {replica.Group} has just switched to a snapshot") { RetryAfter = TimeSpan.FromMilliseconds(10) };
            case RecordDamagedException:
                replica.ReportDamage(failure.Message);
                return new NodeError(NodeErrorCode.Internal, failure.Message);
            default:
                return null;
        }
    }

    private GroupReplica Find(GroupId group) =>
        replicas.View.Find(group) ?? throw new NodeException(new NodeError(NodeErrorCode.NotLeader, $"this node has no replica of group {group}"));

    private GroupReplica Find(RangeRoute route)
    {
        var map = replicas.View.Map ?? throw new NodeException(Unready());
        var range = map.Find(route.Range) ?? throw new NodeException(new NodeError(NodeErrorCode.EpochNotMatch, $"range {route.Range} is not known"));
        return Find(range.Group);
    }

    private static void Check(GroupReplica replica)
    {
        if (replica.StoppedReason is not null) throw new NodeException(replica.StoppedError());
    }

    private static OwnedRanges Owned(GroupReplica replica) => (replica.Machine ?? throw new NodeException(Switching(replica))).Owned;

    /// <summary>Ownership, checked in the very state that is read.</summary>
    private OwnedRange Owned(GroupReplica replica, RangeRoute route)
    {
        var owned = Owned(replica).Find(route.Range);
        if (owned is not null && owned.Descriptor.Epoch == route.Epoch) return owned;
        throw new NodeException(Ownership.Refusal(replica, owned, route, replicas.View.Map));
    }

    private static NodeError Switching(GroupReplica replica) =>
        new(NodeErrorCode.Unavailable, $"the replica of group {replica.Group} is switching to a snapshot") { RetryAfter = TimeSpan.FromMilliseconds(100) };

    private static NodeError Unready() => new(NodeErrorCode.Unavailable, "this node has no cluster map yet") { RetryAfter = TimeSpan.FromMilliseconds(100) };
}
