using System.Buffers.Binary;

namespace KvStore.Raft.Tests.Network;

/// <summary>
/// A cluster on one virtual clock whose network, disks, crashes, pauses and clients follow one seed. Every step is checked by <see cref="SafetyChecker"/>.
/// </summary>
internal sealed class RandomCluster
{
    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(5);
    private readonly Random _random;
    private readonly RandomFaults _faults;
    private readonly PriorityQueue<RaftMessage, (long Due, long Order)> _wire = new();
    private readonly SortedDictionary<ReplicaId, SimulatedReplica> _replicas = [];
    private readonly Dictionary<ReplicaId, NodeFaults> _nodes = [];
    private readonly HashSet<(ReplicaId From, ReplicaId To)> _cut = [];
    private readonly Dictionary<ulong, (ReplicaId Asker, LogIndex AtLeast)> _reads = [];
    private long _now;
    private long _order;
    private ulong _nextRead = 1;
    private long _nextValue = 1;

    public RandomCluster(int seed, int voters, int spares, RandomFaults faults)
    {
        _random = new Random(seed);
        _faults = faults;
        var initial = new Configuration([.. Enumerable.Range(1, voters).Select(i => new ReplicaId((ulong)i))]);
        for (var i = 1; i <= voters + spares; i++)
        {
            var id = new ReplicaId((ulong)i);
            _nodes[id] = new NodeFaults(_random.NextInt64(1_000_000_000), 1 + (_random.NextDouble() - 0.5) * 0.04);
            var options = new RaftOptions
            {
                Group = new GroupId(1),
                Self = id,
                Seed = (ulong)_random.NextInt64(),
                AppendMessageBytesMax = _random.Next(40, 400),
                InFlightMessagesMax = _random.Next(1, 8),
                InFlightBytesMax = _random.Next(100, 2000),
                UncommittedBytesMax = 4000,
                CachedBytesMax = _random.Next(100, 2000),
                UnappliedBytesMax = 2500,
                CommittedBytesPerReadyMax = _random.Next(40, 1000),
            };
            _replicas[id] = new SimulatedReplica(options, i <= voters ? initial : Configuration.Empty, Local(id));
        }
        Checker = new SafetyChecker(_replicas.Values);
    }

    public SafetyChecker Checker { get; }
    public int Accepted { get; private set; }
    public int ReadsAnswered { get; private set; }
    public int LeaseReads { get; private set; }
    public int Crashes { get; private set; }
    public int SnapshotsSent { get; private set; }
    public int ChangesAccepted { get; private set; }
    public IEnumerable<SimulatedReplica> Replicas => _replicas.Values;

    public void Run(TimeSpan time)
    {
        for (var until = _now + time.Ticks * 100; _now < until;)
        {
            _now += Step.Ticks * 100;
            BreakThings();
            Clients();
            Pump();
            CheckLeases();
        }
    }

    /// <summary>All faults end; then a new entry must be committed and applied by every voter within ten election timeouts.</summary>
    public void HealAndRequireProgress()
    {
        _cut.Clear();
        _faults.End();
        foreach (var (id, node) in _nodes)
        {
            node.PausedUntil = 0;
            if (_replicas[id].IsUp) continue;
            _replicas[id].Restart(Local(id));
        }
        var until = _now + TimeSpan.FromSeconds(10).Ticks * 100;
        LogIndex? goal = null;
        var goalTerm = Term.None;
        while (_now < until)
        {
            _now += Step.Ticks * 100;
            Pump();
            CheckLeases();
            var leader = Leader();
            if (leader is null) continue;
            if (leader.Node.Configuration is { IsJoint: true, AutoLeave: false }) leader.Node.ProposeConfigurationChange(ConfigurationChange.Leave, Local(leader.Id));
            if (goal is null || leader.Node.TermAt(goal.Value) != goalTerm)
            {
                var result = leader.Node.Propose(Payload(), Local(leader.Id));
                (goal, goalTerm) = (result.Status == ProposeStatus.Accepted ? result.Index : null, result.Term);
            }
            else if (!leader.Node.Configuration.IsJoint && leader.Node.Configuration.Voters.All(v => _replicas[v].AppliedIndex >= goal)) return;
        }
        Assert.Fail($"no progress after healing:\n{string.Join('\n', _replicas.Values.Select(r => r.Describe()))}");
    }

    private SimulatedReplica? Leader() => _replicas.Values.Where(r => r.IsUp && r.Node.Role == RaftRole.Leader).MaxBy(r => r.Node.Term);

    private MonotonicTime Local(ReplicaId id) => new(_nodes[id].Offset + (long)(_now * _nodes[id].Rate));

    private bool Chance(double probability) => _random.NextDouble() < probability;

    private void BreakThings()
    {
        if (Chance(_faults.Partition)) Partition();
        if (Chance(_faults.Partition)) _cut.Clear();
        foreach (var (id, replica) in _replicas)
        {
            if (replica.IsUp && Chance(_faults.Crash))
            {
                replica.Crash();
                Crashes++;
                _nodes[id].DownUntil = _now + _random.NextInt64(_faults.RestartAfterMax.Ticks * 100);
            }
            else if (!replica.IsUp && _now >= _nodes[id].DownUntil) replica.Restart(Local(id));
            if (Chance(_faults.Pause)) _nodes[id].PausedUntil = _now + _random.NextInt64(_faults.PauseMax.Ticks * 100);
            if (replica.IsUp && Chance(_faults.Compact) && replica.AppliedIndex > replica.Disk.Start && !IsPaused(id) && replica.Disk.Last >= replica.AppliedIndex)
                replica.Compact(replica.AppliedIndex);
        }
    }

    private void Partition()
    {
        if (Chance(0.5))
        {
            // A bridge: two replicas do not hear each other, the others hear both.
            var (a, b) = (RandomReplica(), RandomReplica());
            _cut.Add((a, b));
            _cut.Add((b, a));
            return;
        }
        var side = _replicas.Keys.Where(_ => Chance(0.5)).ToHashSet();
        foreach (var from in _replicas.Keys)
            foreach (var to in _replicas.Keys)
                if (side.Contains(from) != side.Contains(to) && Chance(0.9)) _cut.Add((from, to));
    }

    private void Clients()
    {
        foreach (var (id, replica) in _replicas)
        {
            if (!replica.IsUp || IsPaused(id)) continue;
            var now = Local(id);
            for (var i = Chance(_faults.Propose) ? _random.Next(4) : 0; i > 0; i--)
                if (replica.Node.Propose(Payload(), now).Status == ProposeStatus.Accepted) Accepted++;
            if (Chance(0.05))
            {
                _reads[_nextRead] = (id, Checker.CommitMax);
                replica.Node.ReadIndex(_nextRead++, now);
            }
            if (Chance(_faults.Transfer)) replica.Node.TransferLeadership(RandomReplica(), now);
            if (Chance(_faults.ChangeMembers) && replica.Node.ProposeConfigurationChange(RandomChange(replica.Node.Configuration), now).Status == ProposeStatus.Accepted) ChangesAccepted++;
        }
    }

    private ReplicaId RandomReplica() => new((ulong)_random.Next(1, _replicas.Count + 1));

    private ConfigurationChange RandomChange(Configuration current)
    {
        if (current.IsJoint) return ConfigurationChange.Leave;
        var steps = Enumerable.Range(0, _random.Next(1, 4)).Select(_ => new ConfigurationChange.Step((ConfigurationChange.StepKind)_random.Next(1, 4), RandomReplica())).ToList();
        return new ConfigurationChange(steps, (ConfigurationTransition)_random.Next(1, 4));
    }

    private byte[] Payload()
    {
        var payload = new byte[8 + _random.Next(60)];
        BinaryPrimitives.WriteInt64LittleEndian(payload, _nextValue++);
        return payload;
    }

    private bool IsPaused(ReplicaId id) => _nodes[id].PausedUntil > _now;

    private void Pump()
    {
        while (_wire.TryPeek(out _, out var priority) && priority.Due <= _now) Deliver(_wire.Dequeue());
        foreach (var (id, replica) in _replicas)
        {
            if (!replica.IsUp || IsPaused(id)) continue;
            replica.Node.Tick(Local(id));
            while (replica.Node.HasReady) Take(replica);
            if (Chance(_faults.SyncPerStep))
                while (replica.Sync(Send, Local(id)) && Chance(0.7)) { }
            while (replica.Node.HasReady) Take(replica);
            Checker.Observe(replica);
        }
    }

    private void Take(SimulatedReplica replica)
    {
        replica.Take(Send, Local(replica.Id));
        Checker.Observe(replica);
        foreach (var state in replica.ReadStates)
        {
            Assert.True(_reads.Remove(state.RequestId, out var read) && read.Asker == replica.Id, "a read that was not asked is answered, or twice");
            if (state.Failed) continue;
            ReadsAnswered++;
            Assert.True(state.Index >= read.AtLeast, $"read index {state.Index} misses entry {read.AtLeast} that was committed before it was asked for");
        }
        replica.ReadStates.Clear();
        foreach (var target in replica.SnapshotsToSend) StreamSnapshot(replica, target);
        replica.SnapshotsToSend.Clear();
    }

    private void StreamSnapshot(SimulatedReplica from, ReplicaId target)
    {
        SnapshotsSent++;
        var snapshot = from.SnapshotFor(target);
        var arrives = snapshot.Index > LogIndex.None && !Chance(_faults.Loss);
        from.Node.ReportSnapshot(target, arrives ? SnapshotOutcome.Sent : SnapshotOutcome.Failed, snapshot.Index);
        if (arrives) Send(snapshot);
    }

    private void Send(RaftMessage message)
    {
        if (_cut.Contains((message.From, message.To)) || Chance(_faults.Loss)) return;
        do
        {
            var delay = Chance(_faults.LongDelay) ? _random.NextInt64(2_000_000_000) : _random.NextInt64(20_000_000);
            _wire.Enqueue(message, (_now + delay, _order++));
        } while (Chance(_faults.Duplicate));
    }

    private void Deliver(RaftMessage message)
    {
        if (!_replicas.TryGetValue(message.To, out var replica) || !replica.IsUp) return;
        if (IsPaused(message.To))
        {
            _wire.Enqueue(message, (_nodes[message.To].PausedUntil, _order++));
            return;
        }
        replica.Node.Step(message, Local(message.To));
        Checker.Observe(replica);
    }

    /// <summary>A lease, even of a paused replica, is never in force when another replica committed more.</summary>
    private void CheckLeases()
    {
        foreach (var (id, replica) in _replicas)
        {
            if (!replica.IsUp || replica.Node.LeaseReadIndex(Local(id)) is not { } index) continue;
            LeaseReads++;
            Assert.True(index >= Checker.CommitMax, $"replica {id} holds a lease at {index} but {Checker.CommitMax} is committed elsewhere");
        }
    }

    private sealed class NodeFaults(long offset, double rate)
    {
        public long Offset { get; } = offset;
        public double Rate { get; } = rate;
        public long PausedUntil { get; set; }
        public long DownUntil { get; set; }
    }
}
