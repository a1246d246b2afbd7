using KvStore.Node.Calls;
using KvStore.Node.Commands;
using KvStore.Node.Leases;
using KvStore.Node.Locks;
using KvStore.Node.Peer;
using KvStore.Node.Placement;
using KvStore.Node.Reads;
using KvStore.Node.Replicas;
using KvStore.Node.Startup;
using KvStore.Node.StateMachine;
using KvStore.Node.Transport;
using KvStore.Node.Watches;
using KvStore.Node.Workers;
using KvStore.Raft;
using KvStore.Storage.Wal;
using Microsoft.Extensions.Logging;

namespace KvStore.Node;

/// <summary>One node: its replicas, their loops, the WAL, and what requests need. Thread-safe.</summary>
public sealed class KvNode : IDisposable
{
    private readonly NodeOptions _options;
    private readonly NodeServices _services;
    private readonly DataDirectory _directory;
    private readonly Wal _wal;
    private readonly NodeFailure _failure;
    private readonly ReplicaSet _replicas;
    private readonly ReadPath _reads;
    private readonly LeaseReads _leases;
    private readonly WatchPath _watches;
    private readonly FenceRegistrations _fences;
    private int _stopping;
    private int _closed;

    private KvNode(NodeOptions options, NodeServices services, DataDirectory directory, Wal wal, NodeFailure failure, ReplicaSet replicas, PeerIdentities peers)
    {
        (_options, _services, _directory, _wal, _failure, _replicas, Peers) = (options, services, directory, wal, failure, replicas, peers);
        _reads = new ReadPath(replicas, services.Time);
        _leases = new LeaseReads(replicas, _reads, services.Time);
        _watches = new WatchPath(replicas, _reads);
        _fences = new FenceRegistrations(() => replicas.View, replicas.Calls, services.Time);
        Locks = new NodeLocks(replicas, _reads, services.Time);
        failure.Reported += _ => replicas.WakeAll();
    }

    /// <summary>Opens or creates the data directory, recovers, and joins its groups. Nothing runs before <see cref="Start"/>.</summary>
    /// <exception cref="NodeStartException">The directory is in use, damaged, of another node or cluster: one line with the remedy.</exception>
    public static KvNode Open(NodeOptions options, NodeServices services)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(services);
        if (options.Founders.All(founder => founder.Id != options.Id)) throw new NodeStartException($"node {options.Id} is not in 'founders'");
        var logger = services.Loggers.CreateLogger<KvNode>();
        var random = new SeededRandom(services.Seed);
        var directory = DataDirectory.Open(options, services.FileSystem, random);
        try
        {
            return Open(options, services, directory, random, logger);
        }
        catch
        {
            directory.Dispose();
            throw;
        }
    }

    private static KvNode Open(NodeOptions options, NodeServices services, DataDirectory directory, SeededRandom random, ILogger logger)
    {
        var peers = new PeerIdentities(services.FileSystem, options.DataDirectory, directory.Identity, logger);
        Wal? wal = null;
        try
        {
            var walOptions = new WalOptions { Directory = directory.Wal, SegmentBytes = options.WalSegmentBytes, TargetBytes = options.WalTargetBytes, ReserveBytes = options.DiskReserveBytes };
            wal = Wal.Open(services.FileSystem, walOptions, directory.Identity.WalId, logger);
            var recovered = Recovery.Recover(directory, wal, services, logger);
            var failure = new NodeFailure(logger);
            var replicas = new ReplicaSet(options, services, directory, wal, failure, random, logger);
            foreach (var replica in recovered) replicas.AddRecovered(replica);
            NodeLog.Opened(logger, options.Id, options.DataDirectory, Convert.ToHexStringLower(directory.Identity.ClusterId.Span), recovered.Count);
            return new KvNode(options, services, directory, wal, failure, replicas, peers);
        }
        catch (IOException damage)
        {
            wal?.Dispose();
            throw new NodeStartException(damage.Message, damage);
        }
        catch
        {
            wal?.Dispose();
            throw;
        }
    }

    public void Start()
    {
        _services.Transport.Receive(new Receiver(_replicas));
        _services.Transport.SetPeers(_options.Founders.Where(founder => founder.Id != _options.Id).ToDictionary(founder => founder.Id, founder => founder.PeerAddress));
        _replicas.Start();
    }

    public NodeId Id => _options.Id;
    public ReadOnlyMemory<byte> ClusterId => Identity.ClusterId;

    /// <summary>What this node tells others of itself in a Hello.</summary>
    public NodeIdentity Identity => _directory.Identity;

    /// <summary>Whom the transport asks about the Hello of another node.</summary>
    public PeerIdentities Peers { get; }

    /// <summary>The newest cluster map that this node knows; null before the first start has finished.</summary>
    public ClusterMap? Map => _replicas.View.Map;

    /// <summary>Null when the node serves: it has the map, and every local replica knows a leader and has caught up since the start; else why not.</summary>
    public string? NotReadyReason => Failure is { } failure ? $"the node has stopped: {failure.Message}"
        : Volatile.Read(ref _stopping) != 0 ? "the node is stopping"
        : Readiness.Reason(_options.Id, _replicas.View);

    /// <summary>Locks and elections.</summary>
    public NodeLocks Locks { get; }

    /// <summary>Set once, when the node has stopped by itself (failed disk, broken invariant): the host exits non-zero.</summary>
    public Exception? Failure => _failure.Exception;

    /// <summary>Called once when <see cref="Failure"/> is set.</summary>
    public event Action<Exception>? Failed { add => _failure.Reported += value; remove => _failure.Reported -= value; }

    /// <summary>The node that leads a group as far as this node knows; none when unknown.</summary>
    public NodeId LeaderOf(GroupId group) => _replicas.View.Find(group)?.View.Leader ?? NodeId.None;

    /// <summary>The newest term of a group that this node knows; none when it has no replica of it.</summary>
    public Term TermOf(GroupId group) => _replicas.View.Find(group)?.View.Term ?? Term.None;

    /// <summary>Whether this node leads the group now.</summary>
    public bool Leads(GroupId group) => _replicas.View.Find(group)?.View.IsLeader ?? false;

    /// <summary>Takes a batch; its callbacks tell the outcome, possibly before this returns. Refused at once when this node does not lead the range's group (NotLeader with a hint), the epoch is stale, or queues are full.</summary>
    public void Propose(WriteBatch batch)
    {
        ArgumentNullException.ThrowIfNull(batch);
        if (batch.Fences is { Count: > 0 }) ProposeFenced(batch, registered: 0);
        else ProposeNow(batch);
    }

    /// <summary>First sees to it, once for each fence, that the group will be able to decide on them.</summary>
    private void ProposeFenced(WriteBatch batch, int registered)
    {
        var replica = Map?.Find(batch.Range) is { } range ? _replicas.View.Find(range.Group) : null;
        if (replica is null || !replica.View.IsLeader || registered == batch.Fences!.Count || _fences.FindUnknown(replica, batch.Fences) is not { } fence)
        {
            ProposeNow(batch);
            return;
        }
        _fences.Register(replica, fence, error =>
        {
            if (error is null) ProposeFenced(batch, registered + 1);
            else batch.Failed(error);
        });
    }

    private void ProposeNow(WriteBatch batch)
    {
        if (Refuse(batch, out var replica) is { } error) batch.Failed(error);
        else if (batch.Leases is { Count: > 0 } && UnknownLeases(batch, replica!) is { Count: > 0 } unknown) AdmitAndPropose(batch, replica!, unknown);
        else replica!.Loop.Post(new LoopInput(LoopInputKind.Propose, replica, batch));
    }

    private static List<LeaseId> UnknownLeases(WriteBatch batch, GroupReplica replica) => [.. batch.Leases!.Where(lease => replica.Machine is not { } machine || !machine.Leases.Knows(lease))];

    private void AdmitAndPropose(WriteBatch batch, GroupReplica replica, List<LeaseId> unknown) => _replicas.LeaseAdmissions.Admit(replica.Group, unknown, batch.Deadline, error =>
    {
        if (error is null)
        {
            replica.Loop.Post(new LoopInput(LoopInputKind.Propose, replica, batch));
            return;
        }
        replica.Unqueue(batch);
        batch.Failed(error);
    });

    /// <summary>What the group knows of a lease, linearizably; null: nothing. Only at the group's leader.</summary>
    /// <exception cref="NodeException">Why it cannot be answered here and now.</exception>
    public Task<LeaseView?> FindLeaseAsync(GroupId group, LeaseId lease, int keysMax, CancellationToken cancellationToken)
    {
        RefuseRead();
        return _leases.FindAsync(group, lease, keysMax, cancellationToken);
    }

    /// <summary>Live leases of the group with greater ids, in order, linearizably. Only at the group's leader.</summary>
    /// <exception cref="NodeException">Why it cannot be answered here and now.</exception>
    public Task<IReadOnlyList<LeaseId>> ListLeasesAsync(GroupId group, LeaseId after, int limit, CancellationToken cancellationToken)
    {
        RefuseRead();
        return _leases.ListAsync(group, after, limit, cancellationToken);
    }

    private NodeError? Refuse(WriteBatch batch, out GroupReplica? replica)
    {
        replica = null;
        var route = new RangeRoute(batch.Range, batch.Epoch);
        if (Map is not { } map) return new NodeError(NodeErrorCode.Unavailable, "this node has no cluster map yet") { RetryAfter = TimeSpan.FromMilliseconds(100) };
        if (map.Find(batch.Range) is not { } range) return new NodeError(NodeErrorCode.EpochNotMatch, $"range {batch.Range} is not known");
        if (RefuseWrite(range.Group, out replica) is { } refusal) return refusal;
        if (replica!.Machine is not { } machine) return replica.NotLeaderError();
        var owned = machine.Owned.Find(batch.Range);
        if (owned is null || owned.Descriptor.Epoch != batch.Epoch) return Ownership.Refusal(replica, owned, route, map);
        if (batch.Deadline < _services.Time.Now) return new NodeError(NodeErrorCode.DeadlineExceeded, "the deadline passed before the write was proposed");
        return replica.TryQueue(batch, _options.QueueBytesMax)
            ? null
            : new NodeError(NodeErrorCode.ResourceExhausted, $"{_options.QueueBytesMax} bytes of writes already wait in group {replica.Group}") { RetryAfter = TimeSpan.FromMilliseconds(100) };
    }

    private NodeError? RefuseWrite(GroupId group, out GroupReplica? replica)
    {
        replica = _replicas.View.Find(group);
        if (_failure.Exception is not null) return _failure.AsError() with { OutcomeUnknown = false };
        if (Volatile.Read(ref _stopping) != 0) return new NodeError(NodeErrorCode.Unavailable, "the node is stopping") { LeaderNode = LeaderOf(group) };
        if (replica is null) return new NodeError(NodeErrorCode.NotLeader, $"this node has no replica of group {group}") { LeaderNode = _replicas.SomeNodeOf(group) };
        if (replica.StoppedReason is not null) return replica.StoppedError();
        if (!replica.View.IsLeader) return replica.NotLeaderError();
        return _replicas.WalWriter.HasRoom ? null : ReplicaDriver.DiskFull();
    }

    /// <summary>Opens a client session in a group; the callback gets the session's log index, or an error.</summary>
    public void OpenSession(GroupId group, MonotonicTime deadline, Action<LogIndex, NodeError?> completed)
    {
        ArgumentNullException.ThrowIfNull(completed);
        if (RefuseWrite(group, out var replica) is { } error)
        {
            completed(LogIndex.None, error);
            return;
        }
        var command = new GroupCommand { OpenSession = new OpenSession { TimeToLiveUs = (ulong)_options.SessionTimeToLive.TotalMicroseconds, TableBytesMax = (ulong)_options.SessionBytesMax } };
        var proposal = new GroupProposal(command, deadline, (index, result, failure) =>
        {
            if (failure is null && result.Status != CommandStatus.Ok) failure = new NodeError(NodeErrorCode.Internal, $"the session was not opened: {result.Status}");
            completed(failure is null ? index : LogIndex.None, failure);
        });
        replica!.Loop.Post(new LoopInput(LoopInputKind.Propose, replica, proposal));
    }

    /// <summary>
    /// Proposes a command that no range owns to the group, wherever it is led. The callback is called once, with the entry's index and the result or with an error, on a worker of the
    /// node: it must be quick and must not throw.
    /// </summary>
    public void Propose(GroupId group, GroupCommand command, MonotonicTime deadline, CallRetry retry, Action<LogIndex, CommandResult, NodeError?> completed)
    {
        ArgumentNullException.ThrowIfNull(command);
        ArgumentNullException.ThrowIfNull(completed);
        if (_failure.Exception is not null) completed(LogIndex.None, default, _failure.AsError() with { OutcomeUnknown = false });
        else if (Volatile.Read(ref _stopping) != 0) completed(LogIndex.None, default, new NodeError(NodeErrorCode.Unavailable, "the node is stopping"));
        else _replicas.Calls.Call(group, command, deadline, retry, completed);
    }

    /// <exception cref="NodeException">Why it cannot be answered here and now.</exception>
    public ValueTask<GetAnswer> GetAsync(GetQuery query, CancellationToken cancellationToken)
    {
        RefuseRead();
        return _reads.GetAsync(query, cancellationToken);
    }

    /// <summary>Waits until a read of that consistency may be served from this node's applied state. The hot path of batched gets: one barrier for many keys.</summary>
    /// <exception cref="NodeException">Why it cannot be served here and now.</exception>
    public ValueTask<ReadBarrier> BarrierAsync(GroupId group, ReadConsistency consistency, TimeSpan maxStaleness, CancellationToken cancellationToken)
    {
        RefuseRead();
        return _reads.BarrierAsync(group, consistency, maxStaleness, cancellationToken);
    }

    /// <summary>
    /// What it means that reading from a barrier's ranges failed; a record that is not what was written stops the replica. Null: the failure does not come from the engine.
    /// </summary>
    public NodeError? ReadFailure(GroupId group, Exception failure) => _reads.Translate(group, failure);

    /// <exception cref="NodeException">Why it cannot be answered here and now.</exception>
    public ValueTask<ScanAnswer> ScanAsync(ScanQuery query, CancellationToken cancellationToken)
    {
        RefuseRead();
        return _reads.ScanAsync(query, cancellationToken);
    }

    /// <summary>Begins a watch of one range, from a replica of this node. What it tells goes to <paramref name="sink"/> until it has ended or was cancelled.</summary>
    /// <exception cref="NodeException">Why it cannot begin here: bad input, Compacted (with the revision), FutureRevision, EpochNotMatch, NotLeader (no replica here), Unavailable, ResourceExhausted.</exception>
    public ValueTask<Watch> WatchAsync(WatchQuery query, IWatchSink sink, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(query);
        RefuseWatch();
        return _watches.OpenAsync(query, sink, cancellationToken);
    }

    /// <summary>Asks for a bookmark of a watch that covers all that was acknowledged anywhere before the call.</summary>
    /// <exception cref="NodeException">How far that is cannot be found out here now.</exception>
    public ValueTask RequestProgressAsync(Watch watch, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(watch);
        RefuseWatch();
        return _watches.RequestProgressAsync(watch, cancellationToken);
    }

    /// <summary>Watches that are open on this node.</summary>
    public long Watches => _replicas.Watches.Count;

    private void RefuseWatch()
    {
        RefuseRead();
        if (Volatile.Read(ref _stopping) != 0) throw new NodeException(Stopping);
    }

    private static NodeError Stopping => new(NodeErrorCode.Unavailable, "the node is stopping");

    private void RefuseRead()
    {
        if (_failure.Exception is not null) throw new NodeException(_failure.AsError() with { OutcomeUnknown = false });
    }

    /// <summary>Asks the group's leader, if it is this node, to hand leadership to another node. False: not leader here or no such replica.</summary>
    public bool TransferLeadership(GroupId group, NodeId target)
    {
        if (_replicas.View.Find(group) is not { } replica || !replica.View.IsLeader || target == Id) return false;
        if (!replica.View.Configuration.Voters.Any(voter => _replicas.NodeOf(group, voter) == target)) return false;
        replica.Loop.Post(new LoopInput(LoopInputKind.Transfer, replica, Node: target));
        return true;
    }

    /// <summary>Below this revision a range's history is gone; null when this node does not hold the range.</summary>
    public Storage.Engine.Revision? CompactRevisionOf(RangeId range) =>
        Map?.Find(range) is { } known ? _replicas.View.Find(known.Group)?.Machine?.Owned.Find(range)?.Store.CompactRevision : null;

    public NodeStatus Status() => new(Id, ClusterId, NotReadyReason, [.. _replicas.View.Replicas.Select(ReplicaStatus.Of)], _wal.Bytes);

    /// <summary>Graceful end: transfers leadership away, refuses new work, lets what is in flight finish up to <paramref name="deadline"/>, syncs. Complete when the returned task is.</summary>
    public async Task StopAsync(TimeSpan deadline)
    {
        if (Interlocked.Exchange(ref _stopping, 1) == 0 && Failure is null)
        {
            _replicas.Watches.EndAll(Stopping);
            var drain = new Drain(_replicas.Loops.Count, _services.Time.Now + deadline);
            foreach (var loop in _replicas.Loops) loop.Post(new LoopInput(LoopInputKind.Drain, Subject: drain));
            await drain.Completion;
        }
        Close(Ending.Orderly);
    }

    /// <summary>Ends at once, as a crash would but for open files: what was acknowledged is durable already.</summary>
    public void Dispose()
    {
        Volatile.Write(ref _stopping, 1);
        Close(Ending.Abrupt);
    }

    private enum Ending { Orderly, Abrupt }

    private void Close(Ending ending)
    {
        if (Interlocked.Exchange(ref _closed, 1) != 0) return;
        _services.Workers.Stop();
        try
        {
            if (ending == Ending.Orderly && Failure is null) _wal.Seal();
        }
        finally
        {
            _replicas.DisposeStores();
            _wal.Dispose();
            _directory.Dispose();
        }
    }

    private sealed class Receiver(ReplicaSet replicas) : IFrameReceiver
    {
        public void Received(NodeId from, PeerFrame frame) => replicas.Received(from, frame);
        public void Unreachable(NodeId node) => replicas.Unreachable(node);
    }
}
