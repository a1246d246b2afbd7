using KvStore.Node.StateMachine;
using KvStore.Node.Workers;
using KvStore.Raft;

namespace KvStore.Node.Replicas;

/// <summary>
/// One group's copy on this node as every thread may see it: who drives it, and what its loop and its apply worker have published. The consensus side is
/// <see cref="ReplicaDriver"/>, the applied state <see cref="ReplicaApplier"/>.
/// </summary>
internal sealed class GroupReplica(GroupId group, ReplicaId id, ReplicaLoop loop, ApplyWorker applyWorker, ReplicaView view, GroupStateMachine? machine)
{
    private long _leaseUntil;
    private ulong _commit;
    private ulong _last;
    private ulong _first;
    private ulong _applied;
    private ulong _durable;
    private long _freshSince = long.MinValue;
    private long _queuedBytes;
    private long _groupTimeOffset;
    private ReplicaView _view = view;
    private GroupStateMachine? _machine = machine;
    private ReplicaStatistics _statistics = ReplicaStatistics.None;
    private string? _stoppedReason;
    private IWakeup? _watching;

    public GroupId Group { get; } = group;
    public ReplicaId Id { get; } = id;
    public ReplicaLoop Loop { get; } = loop;
    public ApplyWorker ApplyWorker { get; } = applyWorker;

    public ReplicaView View { get => Volatile.Read(ref _view); set => Volatile.Write(ref _view, value); }

    /// <summary>Null while a snapshot is being switched to, and in a replica whose store is damaged. Only its published members may be read outside the apply worker.</summary>
    public GroupStateMachine? Machine { get => Volatile.Read(ref _machine); set => Volatile.Write(ref _machine, value); }

    public ReplicaStatistics Statistics { get => Volatile.Read(ref _statistics); set => Volatile.Write(ref _statistics, value); }

    /// <summary>Why this replica serves no more; null while it does.</summary>
    public string? StoppedReason { get => Volatile.Read(ref _stoppedReason); set => Volatile.Write(ref _stoppedReason, value); }

    /// <summary>Who is to be woken when something was applied, because it is watched; null: nobody.</summary>
    public IWakeup? Watching { get => Volatile.Read(ref _watching); set => Volatile.Write(ref _watching, value); }

    /// <summary>Until when the leader lease holds; zero when there is none. Written before any message that gives leadership away.</summary>
    public MonotonicTime LeaseUntil { get => new(Volatile.Read(ref _leaseUntil)); set => Volatile.Write(ref _leaseUntil, value.Nanoseconds); }

    /// <summary>Published before anything that tells another node or a caller of it: a client that has seen a write's outcome finds it at or below this.</summary>
    public LogIndex Commit { get => new(Volatile.Read(ref _commit)); set => Volatile.Write(ref _commit, value.Value); }

    public LogIndex Last { get => new(Volatile.Read(ref _last)); set => Volatile.Write(ref _last, value.Value); }

    public LogIndex First { get => new(Volatile.Read(ref _first)); set => Volatile.Write(ref _first, value.Value); }

    /// <summary>The state that readers see has applied at least this.</summary>
    public LogIndex Applied { get => new(Volatile.Read(ref _applied)); set => Volatile.Write(ref _applied, value.Value); }

    /// <summary>Entries up to here were written to this node's WAL: a checkpoint never covers more.</summary>
    public LogIndex Durable { get => new(Volatile.Read(ref _durable)); set => Volatile.Write(ref _durable, value.Value); }

    /// <summary>The applied state holds everything that was committed anywhere at this time of this node's clock. Grows only.</summary>
    public MonotonicTime FreshSince => new(Volatile.Read(ref _freshSince));

    /// <summary>Since this node's start the applied state has held, at one time, everything that was committed.</summary>
    public bool HasCaughtUp => FreshSince.Nanoseconds != long.MinValue;

    /// <summary>Group time minus this node's own time, microseconds, as the loop last saw it.</summary>
    public long GroupTimeOffset { get => Volatile.Read(ref _groupTimeOffset); set => Volatile.Write(ref _groupTimeOffset, value); }

    public void RaiseFreshSince(MonotonicTime time)
    {
        var seen = Volatile.Read(ref _freshSince);
        while (seen < time.Nanoseconds)
        {
            var found = Interlocked.CompareExchange(ref _freshSince, time.Nanoseconds, seen);
            if (found == seen) return;
            seen = found;
        }
    }

    /// <summary>Counts a batch against the queue's limit; false, and nothing counted, when it would exceed it.</summary>
    public bool TryQueue(WriteBatch batch, long bytesMax)
    {
        if (Interlocked.Add(ref _queuedBytes, batch.Commands.Length) <= bytesMax) return true;
        Unqueue(batch);
        return false;
    }

    public void Unqueue(WriteBatch batch) => Interlocked.Add(ref _queuedBytes, -batch.Commands.Length);

    /// <summary>From any thread: a stored record failed its checksum, so that this replica must stop.</summary>
    public void ReportDamage(string what) => Loop.Post(new LoopInput(LoopInputKind.StoreDamaged, this, what));

    public NodeError NotLeaderError() => new(NodeErrorCode.NotLeader, $"this node does not lead group {Group}") { LeaderNode = View.Leader, RetryAfter = TimeSpan.FromMilliseconds(10) };

    public NodeError StoppedError() => new(NodeErrorCode.Unavailable, $"the replica of group {Group} on this node has stopped: {StoppedReason}");
}

/// <summary>Counts that status shows, published by the apply worker.</summary>
/// <param name="Applied">The index at which all of these were taken, so that hashes of two replicas can be compared.</param>
/// <param name="StateHash">Of the state at that index.</param>
/// <param name="Sessions">Client sessions that it holds.</param>
/// <param name="Alarm">Its hash has differed from another replica's.</param>
internal sealed record ReplicaStatistics(LogIndex Applied, ulong StateHash, int Sessions, string? Alarm)
{
    public static readonly ReplicaStatistics None = new(LogIndex.None, 0, 0, null);
}
