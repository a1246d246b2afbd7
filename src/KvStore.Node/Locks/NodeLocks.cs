using KvStore.Node.Calls;
using KvStore.Node.Commands;
using KvStore.Node.Leases;
using KvStore.Node.Reads;
using KvStore.Node.Replicas;
using KvStore.Node.StateMachine;
using KvStore.Node.Time;
using KvStore.Raft;

namespace KvStore.Node.Locks;

/// <summary>
/// What a node does about locks for its callers. Any node proposes; to wait for a grant, to describe and to watch a lock takes a replica of the lock's home, which hears of grants by applying them.
/// Callbacks run once, on a worker of the node: they must be quick and must not throw. Thread-safe.
/// </summary>
public sealed class NodeLocks
{
    private readonly ReplicaSet replicas;
    private readonly ReadPath reads;
    private readonly ITimeSource time;

    internal NodeLocks(ReplicaSet replicas, ReadPath reads, ITimeSource time) => (this.replicas, this.reads, this.time) = (replicas, reads, time);

    /// <summary>The group that decides on the lock; null before there is a cluster map.</summary>
    public GroupId? HomeOf(string name) => replicas.View.Map?.Resolve(KeyspaceId.System, LockKeys.KeyOf(name))?.Group;

    /// <summary>Whether this node can wait for the lock, describe and watch it.</summary>
    public bool IsHere(string name) => HomeOf(name) is { } home && replicas.View.Find(home) is not null;

    /// <summary>A node that can, the leader of the lock's home if it is known; none when no node is known.</summary>
    public NodeId NodeFor(string name) => HomeOf(name) is not { } home ? NodeId.None
        : replicas.View.Find(home)?.View.Leader is { } leader && leader != NodeId.None ? leader : replicas.SomeNodeOf(home);

    /// <summary>
    /// Claims a lock. Called back when the claim holds it, will not wait (any longer), or is taken out of the queue, and with an error when it was not made, or when whether it was is unknown: the same claim may
    /// then be made again. The deadline is for making the claim; it waits as long as its lease lives.
    /// </summary>
    /// <returns>Null: it has been answered already, as an error.</returns>
    public LockWait? Acquire(LockAcquisition acquisition, MonotonicTime deadline, Action<LockAnswer, NodeError?> completed)
    {
        ArgumentNullException.ThrowIfNull(acquisition);
        ArgumentNullException.ThrowIfNull(completed);
        if (Refuse(acquisition, out var home) is { } error)
        {
            completed(default, error);
            return null;
        }
        var wait = replicas.LockWaits.Add(home, acquisition.Lock, acquisition.Lease.Value, completed);
        replicas.Calls.Call(home, CommandFor(acquisition), deadline, CallRetry.UntilAnswered, (index, result, failure) =>
        {
            failure ??= LockErrors.Of(result, acquisition.Lock);
            if (failure is not null) wait.Complete(default, failure);
            else if (acquisition.Patience == LockPatience.OnlyIfFree && result is { Flag: false, Number: > 0 }) wait.Complete(new LockAnswer(LockOutcome.Waiting), null);
            else wait.Claimed(index, result);
        });
        return wait;
    }

    /// <summary>Gives up a lock; the callback gets whether the token held it until now.</summary>
    public void Release(string name, ulong token, MonotonicTime deadline, Action<bool, NodeError?> completed) =>
        Call(name, new GroupCommand { ReleaseLock = new ReleaseLock { Lock = name, Token = token } }, deadline, (result, error) => completed(result.Flag, error));

    /// <summary>Takes a waiting claim out of the queue; the callback gets the token if it holds the lock instead, else NotHeld.</summary>
    public void Withdraw(string name, LeaseId lease, MonotonicTime deadline, Action<LockAnswer, NodeError?> completed) =>
        Call(name, new GroupCommand { WithdrawClaim = new WithdrawClaim { Lock = name, Lease = lease.Value } }, deadline, (result, error) =>
            completed(result is { Flag: false, Number: > 0 } ? new LockAnswer(LockOutcome.Held, (ulong)result.Number) : new LockAnswer(LockOutcome.NotHeld), error));

    /// <summary>Replaces the value that the holder shows.</summary>
    /// <param name="name">The lock.</param>
    /// <param name="token">The holder's.</param>
    /// <param name="number">Which one of the holder's it is, from 1 on; one that is not greater than the last one has been shown before and changes nothing. 0: it is not counted, and fails when its outcome is unknown.</param>
    /// <param name="value">At most <see cref="LockLimits.ValueBytesMax"/> bytes.</param>
    /// <param name="deadline">Until when it is tried.</param>
    /// <param name="completed">Gets null when it is shown.</param>
    public void Proclaim(string name, ulong token, ulong number, ReadOnlyMemory<byte> value, MonotonicTime deadline, Action<NodeError?> completed)
    {
        var command = new ProclaimValue { Lock = name, Token = token, Number = number, Value = Google.Protobuf.ByteString.CopyFrom(value.Span) };
        Call(name, new GroupCommand { ProclaimValue = command }, deadline, (_, error) => completed(error), number == 0 ? CallRetry.WhenRefused : CallRetry.UntilAnswered);
    }

    /// <summary>Linearizable.</summary>
    /// <exception cref="NodeException">The name is none, or it cannot be answered here and now.</exception>
    public async ValueTask<LockDescription> DescribeAsync(string name, int waitingMax, CancellationToken cancellationToken)
    {
        if (RefuseHere(name, out var home) is { } error) throw new NodeException(error);
        var consistency = replicas.View.Find(home)!.View.IsLeader ? ReadConsistency.Linearizable : ReadConsistency.Follower;
#if PLANTED
        if (Plants.Has(PlantedBug.ObserverGoesBack) && consistency == ReadConsistency.Follower) return await InspectAsync(home, machine => LockDescription.Of(name, home, machine.Locks.Find(name), waitingMax), cancellationToken);
#endif
        while (true)
        {
            var barrier = await reads.BarrierAsync(home, consistency, TimeSpan.Zero, cancellationToken);
            var description = await InspectAsync(home, machine => LockDescription.Of(name, home, machine.Locks.Find(name), waitingMax), cancellationToken);
            if (barrier.StillValid(time)) return description;
            consistency = ReadConsistency.Quorum;
        }
    }

    /// <summary>Calls back, on an apply worker, after each change of the lock's holder or value that this node applies, until the watch is disposed.</summary>
    /// <exception cref="NodeException">The name is none, or this node has no replica of the lock's home.</exception>
    public LockWatch Watch(string name, Action changed)
    {
        ArgumentNullException.ThrowIfNull(changed);
        return RefuseHere(name, out var home) is { } error ? throw new NodeException(error) : replicas.LockWaits.Watch(home, name, changed);
    }

    /// <summary>Whether this node's replica of the lock's home knows a leader, so that it hears of changes.</summary>
    /// <exception cref="NodeException">The name is none, or this node has no replica of the lock's home (any more).</exception>
    public bool HearsOf(string name) => RefuseHere(name, out var home) is { } error ? throw new NodeException(error) : replicas.View.Find(home)!.View.Leader != NodeId.None;

    private async Task<T> InspectAsync<T>(GroupId group, Func<GroupStateMachine, T> read, CancellationToken cancellationToken)
    {
        var applier = replicas.View.FindApplier(group) ?? throw new NodeException(replicas.View.Find(group)!.StoppedError());
        var completion = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        applier.Replica.ApplyWorker.Post(new ApplyJob(ApplyJobKind.Inspect, applier, (Action<ReplicaApplier>)(inspected => completion.TrySetResult(read(inspected.Machine)))));
        return await completion.Task.WaitAsync(cancellationToken);
    }

    private void Call(string name, GroupCommand command, MonotonicTime deadline, Action<CommandResult, NodeError?> completed, CallRetry retry = CallRetry.UntilAnswered)
    {
        if (Refuse(name, out var home) is { } error) completed(default, error);
        else replicas.Calls.Call(home, command, deadline, retry, (_, result, failure) => completed(result, failure ?? LockErrors.Of(result, name)));
    }

    private NodeError? Refuse(LockAcquisition acquisition, out GroupId home)
    {
        if (RefuseHere(acquisition.Lock, out home) is { } error) return error;
        if (acquisition.Lease.IsNone) return new NodeError(NodeErrorCode.InvalidArgument, "lease: a lock is acquired under a lease, and none is named");
        if (acquisition.Value.Length > LockLimits.ValueBytesMax) return new NodeError(NodeErrorCode.InvalidArgument, $"value: {acquisition.Value.Length} bytes; the limit is {LockLimits.ValueBytesMax}");
        if (acquisition.Lease.Owner == home || replicas.View.Map?.Find(acquisition.Lease.Owner) is null) return null;
        return new NodeError(NodeErrorCode.LeaseElsewhere, $"lease {acquisition.Lease} belongs to group {acquisition.Lease.Owner}, lock '{acquisition.Lock}' to group {home}: grant the lease near the lock");
    }

    private NodeError? Refuse(string name, out GroupId home)
    {
        home = default;
        if (LockLimits.Refuse(name) is { } reason) return new NodeError(NodeErrorCode.InvalidArgument, reason);
        if (HomeOf(name) is not { } found) return new NodeError(NodeErrorCode.Unavailable, "this node has no cluster map yet") { RetryAfter = TimeSpan.FromMilliseconds(100) };
        home = found;
        return null;
    }

    private NodeError? RefuseHere(string name, out GroupId home)
    {
        if (Refuse(name, out home) is { } error) return error;
        if (replicas.View.Find(home) is not { } replica) return new NodeError(NodeErrorCode.NotLeader, $"this node has no replica of group {home}") { LeaderNode = replicas.SomeNodeOf(home) };
        return replica.StoppedReason is null ? null : replica.StoppedError();
    }

    private static GroupCommand CommandFor(LockAcquisition acquisition) => new()
    {
        AcquireLock = new AcquireLock
        {
            Lock = acquisition.Lock, Lease = acquisition.Lease.Value, Value = Google.Protobuf.ByteString.CopyFrom(acquisition.Value.Span), Waiting = (LockWaiting)acquisition.Patience,
            SessionGroup = acquisition.Session.Group.Value, SessionIndex = acquisition.Session.Index, Sequence = acquisition.Sequence, LowestAwaited = acquisition.LowestAwaited,
        },
    };
}
