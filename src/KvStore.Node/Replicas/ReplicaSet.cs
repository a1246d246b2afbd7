using KvStore.Node.Calls;
using KvStore.Node.Checkpoints;
using KvStore.Node.Leases;
using KvStore.Node.Placement;
using KvStore.Node.Snapshots;
using KvStore.Node.StateMachine;
using KvStore.Node.Transport;
using KvStore.Node.Workers;
using KvStore.Raft;
using KvStore.Storage.Engine;
using KvStore.Storage.FileSystem;
using KvStore.Storage.Wal;
using Microsoft.Extensions.Logging;

namespace KvStore.Node.Replicas;

/// <summary>The replicas of one node and the workers that they share. Lookups are lock-free; the set grows when a cluster map gives this node a replica that it does not have.</summary>
internal sealed class ReplicaSet
{
    private readonly NodeOptions _options;
    private readonly NodeServices _services;
    private readonly Startup.DataDirectory _directory;
    private readonly Wal _wal;
    private readonly ILogger _logger;
    private readonly SeededRandom _random;
    private readonly NodeFailure _failure;
    private readonly BackgroundWorker _background;
    private readonly MaintenanceQueue _maintenance;
    private readonly ReplicaAddresses _addresses = new();
    private readonly SnapshotReceiver _receiver;
    private readonly SnapshotSender _sender;
    private readonly ReplicaLoop[] _loops;
    private readonly DriverServices[] _driverServices;
    private readonly ApplyWorker[] _applyWorkers;
    private readonly ApplierServices[] _applierServices;
    private readonly Lock _lock = new();
    private readonly HashSet<GroupId> _creating = [];
    private NodeView _view = NodeView.Empty;

    public ReplicaSet(NodeOptions options, NodeServices services, Startup.DataDirectory directory, Wal wal, NodeFailure failure, SeededRandom random, ILogger logger)
    {
        (_options, _services, _directory, _wal, _failure, _random, _logger) = (options, services, directory, wal, failure, random, logger);
        _background = new BackgroundWorker(services.Time, failure);
        _maintenance = new MaintenanceQueue(_background);
        _sender = new SnapshotSender(_background, services.Transport, services.Time, random, logger);
        _receiver = new SnapshotReceiver(_background, services.Transport, services.Time, _maintenance,
            applier => GroupStore.BeginInstall(services.FileSystem, directory.Group(applier.Replica.Group), services.RecordStores, logger), () => WalWriter!.HasRoom, logger);
        WalWriter = new WalWriter(wal, services.Time, failure, CheckpointFor);
        _loops = [.. Enumerable.Range(0, options.ReplicaLoops).Select(i => new ReplicaLoop(i, services.Time, services.Transport, WalWriter, options.HeartbeatInterval, failure))];
        Calls = new GroupCalls(options.Id, () => View, services.Transport, services.Time, random.Next(), failure);
        Watches = new Watches.WatchHub(options, services.Time, () => View, failure);
        LeaseAdmissions = new LeaseAdmissions(Calls, () => View.Map);
        _driverServices = [.. _loops.Select(_ => new DriverServices(options, WalWriter, _addresses, _sender, new EntryPayloadWriter(), random, logger)
        {
            IndexToForget = wal.IndexToForget, Map = () => View.Map, Observer = services.Observer, Calls = Calls,
        })];
        _applyWorkers = [.. Enumerable.Range(0, options.ApplyWorkers).Select(i => new ApplyWorker(i, failure))];
        _applierServices = [.. _applyWorkers.Select(_ => new ApplierServices(options, _maintenance, _addresses, new OutgoingFrames(services.Transport), logger)
        {
            MapApplied = MapApplied, Checkpointed = Checkpointed, Observer = services.Observer, LockWaits = LockWaits,
        })];
        foreach (var replica in FirstMap.MetaGroup(options.Founders).Replicas) _addresses.Learn(GroupId.Meta, replica.Id, replica.Node);
    }

    /// <summary>A node with a replica of the group, as the map has it; none when unknown.</summary>
    public NodeId SomeNodeOf(GroupId group) => View.Map?.Find(group)?.Replicas is [var first, ..] ? first.Node : NodeId.None;

    public NodeId NodeOf(GroupId group, ReplicaId replica) => _addresses.NodeOf(group, replica);

    public WalWriter WalWriter { get; }
    public GroupCalls Calls { get; }
    public Watches.WatchHub Watches { get; }
    public Locks.LockWaits LockWaits { get; } = new();
    public LeaseAdmissions LeaseAdmissions { get; }
    public NodeView View => Volatile.Read(ref _view);
    public IReadOnlyList<ReplicaLoop> Loops => _loops;

    /// <summary>Starts every worker; replicas that were recovered begin to run, and a founder without a meta group makes its replica.</summary>
    public void Start()
    {
        WalWriter.StartOn(_services.Workers);
        _background.StartOn(_services.Workers);
        Calls.StartOn(_services.Workers);
        foreach (var worker in _applyWorkers) worker.StartOn(_services.Workers);
        foreach (var loop in _loops) loop.StartOn(_services.Workers);
        Watches.StartOn(_services.Workers);
        var meta = FirstMap.MetaGroup(_options.Founders);
        if (View.Map is { } map) MapApplied(map);
        else CreateMissing([meta]);
    }

    public void WakeAll()
    {
        WalWriter.Wake();
        _background.Wake();
        Calls.Wake();
        Watches.Wake();
        foreach (var worker in _applyWorkers) worker.Wake();
        foreach (var loop in _loops) loop.Wake();
    }

    /// <summary>A replica as the start found it. Called before <see cref="Start"/>.</summary>
    public void AddRecovered(Startup.RecoveredReplica recovered)
    {
        if (recovered.Damage is { } damage)
        {
            var stopped = new GroupReplica(recovered.Group, ReplicaId.None, LoopOf(recovered.Group), ApplyWorkerOf(recovered.Group), new ReplicaView(RaftRole.Follower, Term.None, NodeId.None, Configuration.Empty), null) { StoppedReason = damage };
            NodeLog.ReplicaStopped(_logger, recovered.Group, ReplicaId.None, damage);
            Publish(stopped, null);
            return;
        }
        var machine = new GroupStateMachine(recovered.Group, recovered.Store!, recovered.State!);
        Run(recovered.Group, new ReplicaId(recovered.State!.ReplicaId), recovered.Store!, machine, Startup.Recovery.Start(recovered, machine.Configuration, _wal.LogOf(recovered.Group)));
        if (machine.Map is { } map)
        {
            _addresses.Learn(map);
            Publish(map);
        }
    }

    private void Run(GroupId group, ReplicaId id, GroupStore store, GroupStateMachine machine, RaftStart start)
    {
        var now = _services.Time.Now;
        var isNew = start.HardState.Term == Term.None && start.SnapshotTerm == Term.None;
        var leadsFirst = isNew && start.Configuration.Voters is [var lowest, ..] && lowest == id;
        // Nodes start, and make their replicas, some tens of milliseconds apart; the others let the lowest replica come first.
        if (isNew && !leadsFirst) start = start with { FirstTimeoutExtra = _options.ElectionTimeoutMax };
        var raft = new RaftNode(RaftOptionsOf(group, id), start, now);
        var replica = new GroupReplica(group, id, LoopOf(group), ApplyWorkerOf(group), new ReplicaView(raft.Role, raft.Term, NodeId.None, raft.Configuration), machine)
        {
            Commit = raft.Commit, Applied = machine.Applied, Last = raft.LastIndex, First = raft.FirstIndex, Durable = raft.LastIndex,
            Statistics = new ReplicaStatistics(machine.Applied, machine.Hash, machine.Sessions, null),
        };
        var clock = new Time.GroupClock(machine.GroupTimeMicroseconds, now);
        clock.Observe(start.Entries, now);
        var applier = new ReplicaApplier(replica, store, machine, _applierServices[ApplyNumber(group)]);
        var driver = new ReplicaDriver(replica, applier, raft, clock, _driverServices[LoopNumber(group)]) { LeadsFirst = leadsFirst };
        _services.Observer?.Started(replica, start);
        Publish(replica, applier);
        replica.Loop.Post(new LoopInput(LoopInputKind.Add, replica, driver));
    }

    private RaftOptions RaftOptionsOf(GroupId group, ReplicaId id) => new()
    {
        Group = group, Self = id, Seed = _random.Next(), HeartbeatInterval = _options.HeartbeatInterval, CommitWaitsForTick = true, ElectionTimeoutMin = _options.ElectionTimeoutMin,
        ElectionTimeoutMax = _options.ElectionTimeoutMax, ClockDriftMax = _options.ClockDriftMax,
    };

    private int LoopNumber(GroupId group) => (int)(group.Value % (ulong)_loops.Length);
    private int ApplyNumber(GroupId group) => (int)(group.Value % (ulong)_applyWorkers.Length);
    public ReplicaLoop LoopOf(GroupId group) => _loops[LoopNumber(group)];
    private ApplyWorker ApplyWorkerOf(GroupId group) => _applyWorkers[ApplyNumber(group)];

    private void MapApplied(ClusterMap map)
    {
        _addresses.Learn(map);
        Publish(map);
        _services.Transport.SetPeers(map.Nodes.Where(node => node.Id != _options.Id).ToDictionary(node => node.Id, node => node.PeerAddress));
        CreateMissing(map.Groups);
    }

    /// <summary>Makes the replicas that this node is to have and has not, on the background worker.</summary>
    private void CreateMissing(IEnumerable<GroupDescriptor> groups)
    {
        foreach (var group in groups)
        {
            if (group.Replicas.FirstOrDefault(replica => replica.Node == _options.Id) is not { } own) continue;
            lock (_lock)
            {
                if (View.Find(group.Id) is not null || !_creating.Add(group.Id)) continue;
            }
            _background.Post(() => Create(group, own.Id));
        }
    }

    /// <summary>An empty store with a checkpoint of the initial state comes first, so that a restart finds the replica; only then may it vote or store anything.</summary>
    private void Create(GroupDescriptor group, ReplicaId id)
    {
        var directory = _directory.Group(group.Id);
        var configuration = new Configuration([.. Members(ReplicaKind.Voter)], learners: [.. Members(ReplicaKind.Learner)]);
        var state = new State.GroupState { GroupId = group.Id.Value, ReplicaId = id.Value, Configuration = ConfigurationRecords.ToRecord(configuration) };
        _services.FileSystem.CreateDirectory(directory);
        var store = GroupStore.Open(_services.FileSystem, directory, _services.RecordStores, _logger);
        var begun = store.BeginCheckpoint(Google.Protobuf.MessageExtensions.ToByteArray(state), failure => _background.Post(() => Created(failure)));
        Invariant.That(begun);

        IEnumerable<ReplicaId> Members(ReplicaKind kind) => group.Replicas.Where(replica => replica.Kind == kind).Select(replica => replica.Id);

        void Created(Exception? failure)
        {
            if (failure is not null) throw new IOException($"{directory}: the first checkpoint failed", failure);
            NodeLog.ReplicaCreated(_logger, group.Id, id, directory);
            var start = new RaftStart
            {
                HardState = default, SnapshotIndex = LogIndex.None, SnapshotTerm = Term.None, Configuration = configuration, Applied = LogIndex.None, Entries = [], Log = _wal.LogOf(group.Id),
            };
            Run(group.Id, id, store, new GroupStateMachine(group.Id, store, state), start);
        }
    }

    private void Publish(GroupReplica replica, ReplicaApplier? applier)
    {
        lock (_lock) Volatile.Write(ref _view, View.With(replica, applier));
    }

    private void Publish(ClusterMap map)
    {
        lock (_lock) Volatile.Write(ref _view, View.With(map));
    }

    /// <summary>From the WAL writer: this group pins the oldest segment.</summary>
    private void CheckpointFor(GroupId group)
    {
        if (View.FindApplier(group) is { } applier) _maintenance.WantCheckpoint(applier);
    }

    private void Checkpointed(ReplicaApplier applier, GroupStore store, LogIndex index, Exception? failure) => _background.Post(() =>
    {
        if (failure is DiskFullException)
        {
            // Nothing was begun: the log is kept, and the next checkpoint may find room.
            NodeLog.CheckpointRefused(_logger, applier.Replica.Group, failure.Message);
            _maintenance.Finished(store);
            return;
        }
        if (failure is not null) throw new IOException($"{_directory.Group(applier.Replica.Group)}: a checkpoint failed", failure);
        applier.Replica.Loop.Post(new LoopInput(LoopInputKind.Checkpointed, applier.Replica, Number: index.Value));
        _maintenance.Finished(store);
    });

    /// <summary>From the transport: takes each part of a frame to the worker that it is for.</summary>
    public void Received(NodeId from, Peer.PeerFrame frame)
    {
        if (frame.Messages.Count > 0)
        {
            if (_loops.Length == 1) _loops[0].PostFrame(from, frame);
            else foreach (var loop in frame.Messages.Select(message => LoopOf(new GroupId(message.GroupId))).Distinct()) loop.PostFrame(from, frame);
        }
        foreach (var hash in frame.Hashes)
            if (View.FindApplier(new GroupId(hash.GroupId)) is { } applier && applier.Replica.Id.Value == hash.To)
                applier.Replica.ApplyWorker.Post(new ApplyJob(ApplyJobKind.Hash, applier, hash));
        foreach (var chunk in frame.Chunks)
            if (View.FindApplier(new GroupId(chunk.GroupId)) is { } applier && applier.Replica.Id.Value == chunk.To && applier.Replica.StoppedReason is null)
                _background.Post(() => _receiver.Take(chunk, applier, from));
        if (frame.Calls.Count + frame.Replies.Count > 0) Calls.Received(from, frame);
        foreach (var acknowledgement in frame.Acknowledgements) _background.Post(() => _sender.Take(acknowledgement));
    }

    public void Unreachable(NodeId node)
    {
        foreach (var loop in _loops) loop.Post(new LoopInput(LoopInputKind.Unreachable, Node: node));
        Calls.Unreachable(node);
    }

    /// <summary>After the workers have ended.</summary>
    public void DisposeStores()
    {
        foreach (var replica in View.Replicas) View.FindApplier(replica.Group)?.Store.Dispose();
    }
}
