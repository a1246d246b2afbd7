using KvStore.Node.Placement;
using KvStore.Raft;

namespace KvStore.Node;

/// <summary>One node: its replicas, their loops, the WAL, and what requests need. Thread-safe.</summary>
public sealed class KvNode : IDisposable
{
    /// <summary>Opens or creates the data directory, recovers, and joins its groups. Nothing runs before <see cref="Start"/>.</summary>
    /// <exception cref="NodeStartException">The directory is in use, damaged, of another node or cluster: one line with the remedy.</exception>
    public static KvNode Open(NodeOptions options, NodeServices services) => throw new NotImplementedException();

    public void Start() => throw new NotImplementedException();

    public NodeId Id => throw new NotImplementedException();
    public ReadOnlyMemory<byte> ClusterId => throw new NotImplementedException();

    /// <summary>The newest cluster map that this node knows; null before the first start has finished.</summary>
    public ClusterMap? Map => throw new NotImplementedException();

    /// <summary>Null when the node serves: it has the map and every local replica knows a leader; else why not.</summary>
    public string? NotReadyReason => throw new NotImplementedException();

    /// <summary>Set once, when the node has stopped by itself (failed disk, broken invariant): the host exits non-zero.</summary>
    public Exception? Failure => throw new NotImplementedException();

    /// <summary>Called once when <see cref="Failure"/> is set.</summary>
    public event Action<Exception>? Failed { add => throw new NotImplementedException(); remove => throw new NotImplementedException(); }

    /// <summary>The node that leads a group as far as this node knows; none when unknown.</summary>
    public NodeId LeaderOf(GroupId group) => throw new NotImplementedException();

    /// <summary>Whether this node leads the group now.</summary>
    public bool Leads(GroupId group) => throw new NotImplementedException();

    /// <summary>Takes a batch; its callbacks tell the outcome, possibly before this returns. Refused at once when this node does not lead the range's group (NotLeader with a hint), the epoch is stale, or queues are full.</summary>
    public void Propose(WriteBatch batch) => throw new NotImplementedException();

    /// <summary>Opens a client session in a group; the callback gets the session's log index, or an error.</summary>
    public void OpenSession(GroupId group, MonotonicTime deadline, Action<LogIndex, NodeError?> completed) => throw new NotImplementedException();

    /// <exception cref="NodeException">Why it cannot be answered here and now.</exception>
    public ValueTask<GetAnswer> GetAsync(GetQuery query, CancellationToken cancellationToken) => throw new NotImplementedException();

    /// <summary>Waits until a read of that consistency may be served from this node's applied state. The hot path of batched gets: one barrier for many keys.</summary>
    public ValueTask<ReadBarrier> BarrierAsync(GroupId group, ReadConsistency consistency, TimeSpan maxStaleness, CancellationToken cancellationToken) => throw new NotImplementedException();

    public ValueTask<ScanAnswer> ScanAsync(ScanQuery query, CancellationToken cancellationToken) => throw new NotImplementedException();

    /// <summary>Asks the group's leader, if it is this node, to hand leadership to another node. False: not leader here or no such replica.</summary>
    public bool TransferLeadership(GroupId group, NodeId target) => throw new NotImplementedException();

    public NodeStatus Status() => throw new NotImplementedException();

    /// <summary>Graceful end: transfers leadership away, refuses new work, lets what is in flight finish up to <paramref name="deadline"/>, syncs. Complete when the returned task is.</summary>
    public Task StopAsync(TimeSpan deadline) => throw new NotImplementedException();

    public void Dispose() => throw new NotImplementedException();
}

/// <summary>
/// The right to read a group's applied state. After the values were read, <see cref="StillValid"/> must be asked: a leader lease may have ended meanwhile (the process was stopped),
/// and then the values are thrown away and a new barrier (Quorum) is taken.
/// </summary>
public readonly record struct ReadBarrier(GroupId Group, StateMachine.OwnedRanges Owned, MonotonicTime? LeaseUntil)
{
    public bool StillValid(Time.ITimeSource time) => LeaseUntil is not { } until || time.Now < until;
}

/// <summary>The node cannot start: one line that names file or setting, what is wrong and the remedy.</summary>
public sealed class NodeStartException(string message, Exception? inner = null) : Exception(message, inner);

public sealed record NodeStatus(NodeId Id, ReadOnlyMemory<byte> ClusterId, string? NotReadyReason, IReadOnlyList<ReplicaStatus> Replicas, long WalBytes);

public sealed record ReplicaStatus(GroupId Group, ReplicaId Replica, RaftRole Role, Term Term, NodeId Leader, LogIndex Commit, LogIndex Applied, LogIndex Last, LogIndex First,
    long Keys, ulong StateHash, int Sessions, string? StoppedReason);
