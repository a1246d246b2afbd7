using KvStore.Node.Reads;
using KvStore.Node.Replicas;
using KvStore.Node.Time;
using KvStore.Raft;

namespace KvStore.Node.Leases;

/// <summary>Linearizable reads of the lease table, at the group's leader. The table belongs to the apply worker, which therefore carries them out.</summary>
internal sealed class LeaseReads(ReplicaSet replicas, ReadPath reads, ITimeSource time)
{
    /// <summary>Null: the group knows nothing of it.</summary>
    public Task<LeaseView?> FindAsync(GroupId group, LeaseId id, int keysMax, CancellationToken cancellationToken) => ReadAsync(group, (table, groupTime) =>
    {
        if (table.Find(id) is not { } lease) return null;
        var remaining = lease is { IsOwn: true, Phase: LeasePhase.Live } && lease.Deadline > groupTime ? TimeSpan.FromMicroseconds(lease.Deadline - groupTime) : TimeSpan.Zero;
        return new LeaseView(id, TimeSpan.FromMicroseconds(lease.TimeToLive), remaining, !table.IsLive(id) || (lease.IsOwn && remaining == TimeSpan.Zero),
            [.. lease.Users], [.. lease.Keys.Take(keysMax).Select(key => new LeaseKey(key.Keyspace, key.Key))]);
    }, cancellationToken);

    /// <summary>The group's own live leases with greater ids, in order.</summary>
    public Task<IReadOnlyList<LeaseId>> ListAsync(GroupId group, LeaseId after, int limit, CancellationToken cancellationToken) => ReadAsync<IReadOnlyList<LeaseId>>(group, (table, groupTime) =>
        [.. table.All.Where(lease => lease is { IsOwn: true, Phase: LeasePhase.Live } && lease.Deadline > groupTime && lease.Id.CompareTo(after) > 0).Take(limit).Select(lease => lease.Id)], cancellationToken);

    private async Task<T> ReadAsync<T>(GroupId group, Func<LeaseTable, ulong, T> read, CancellationToken cancellationToken)
    {
        var consistency = ReadConsistency.Linearizable;
        while (true)
        {
            var barrier = await reads.BarrierAsync(group, consistency, TimeSpan.Zero, cancellationToken);
            var value = await InspectAsync(group, read, cancellationToken);
            if (barrier.StillValid(time)) return value;
            consistency = ReadConsistency.Quorum;
        }
    }

    private Task<T> InspectAsync<T>(GroupId group, Func<LeaseTable, ulong, T> read, CancellationToken cancellationToken)
    {
        var done = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        var applier = replicas.View.FindApplier(group) ?? throw new NodeException(new NodeError(NodeErrorCode.Unavailable, $"this node has no replica of group {group}"));
        applier.Replica.ApplyWorker.Post(new ApplyJob(ApplyJobKind.Inspect, applier, new Action<ReplicaApplier>(inspected =>
        {
            if (inspected.Replica.StoppedReason is not null) done.TrySetException(new NodeException(inspected.Replica.StoppedError()));
            else done.TrySetResult(read(inspected.Machine.Leases, GroupTime(inspected.Replica)));
        })));
        return done.Task.WaitAsync(cancellationToken);
    }

    private ulong GroupTime(GroupReplica replica) => (ulong)Math.Max(0, replica.GroupTimeOffset + time.Now.Nanoseconds / 1000);
}
