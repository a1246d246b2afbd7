using System.Buffers.Binary;
using KvStore.Raft;

namespace KvStore.Simulation.Consensus;

/// <summary>
/// One group on one virtual clock whose network, disks, crashes, pauses and clients follow one seed. Every step is checked from outside by <see cref="SafetyChecker"/>,
/// <see cref="ContractChecker"/> and <see cref="LeaderWatch"/>.
/// </summary>
internal sealed class RandomCluster
{
    private readonly Random _random;
    private readonly PriorityQueue<RaftMessage, (long Due, long Order)> _wire = new();
    private readonly SortedDictionary<ReplicaId, SimulatedReplica> _replicas = [];
    private readonly SortedDictionary<ReplicaId, ReplicaFaults> _nodes = [];
    private readonly HashSet<(ReplicaId From, ReplicaId To)> _cut = [];
    private readonly Dictionary<ulong, (ReplicaId Asker, LogIndex AtLeast)> _reads = [];
    private readonly HashSet<Term> _elections = [];
    private readonly ContractChecker _contract;
    private readonly LeaderWatch _watch;
    private RandomFaults _faults;
    private long _now;
    private long _order;
    private ulong _nextRead = 1;
    private long _nextValue = 1;

    public RandomCluster(int seed, RandomFaults faults)
    {
        _random = new Random(seed);
        _faults = faults;
        var initial = new Configuration([.. Enumerable.Range(1, faults.Voters).Select(i => new ReplicaId((ulong)i))]);
        for (var i = 1; i <= faults.Voters + faults.Spares; i++)
        {
            var id = new ReplicaId((ulong)i);
            var rate = faults.Drift > 0.02 ? 1 + (_random.Next(2) * 2 - 1) * faults.Drift : 1 + (_random.NextDouble() * 2 - 1) * faults.Drift;
            _nodes[id] = new ReplicaFaults(_random.NextInt64(1_000_000_000), rate);
            var options = new RaftOptions
            {
                Group = new GroupId(1),
                Self = id,
                Seed = (ulong)_random.NextInt64(),
                ElectionTimeoutMax = faults.ElectionTimeoutMax,
                AppendMessageBytesMax = _random.Next(40, 400),
                InFlightMessagesMax = _random.Next(1, 8),
                InFlightBytesMax = _random.Next(100, 2000),
                UncommittedBytesMax = 4000,
                CachedBytesMax = _random.Next(100, 2000),
                UnappliedBytesMax = 2500,
                CommittedBytesPerReadyMax = _random.Next(40, 1000),
            };
            _replicas[id] = new SimulatedReplica(options, i <= faults.Voters ? initial : Configuration.Empty, Local(id));
        }
        Checker = new SafetyChecker(_replicas.Values);
        _contract = new ContractChecker(_replicas);
        _watch = new LeaderWatch();
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
        for (var until = _now + Nanoseconds(time); _now < until;)
        {
            _now += Nanoseconds(_faults.Step);
            BreakThings();
            Clients();
            Pump();
            CheckLeases();
        }
    }

    /// <summary>All faults end, for all or for a majority; then a new entry must be committed and applied by every voter that lives within ten seconds.</summary>
    public void HealAndRequireProgress()
    {
        var down = _faults.HealMajorityOnly ? _replicas.Keys.OrderBy(_ => _random.Next()).Take((_faults.Voters - 1) / 2).ToHashSet() : [];
        _cut.Clear();
        _faults = _faults.Ended;
        foreach (var (id, node) in _nodes)
        {
            node.PausedUntil = node.StalledUntil = 0;
            if (down.Contains(id)) CrashNow(id, long.MaxValue);
            else if (!_replicas[id].IsUp) Restart(id);
        }
        var until = _now + Nanoseconds(TimeSpan.FromSeconds(10));
        LogIndex? goal = null;
        var goalTerm = Term.None;
        while (_now < until)
        {
            _now += Nanoseconds(_faults.Step);
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
            else if (!leader.Node.Configuration.IsJoint && leader.Node.Configuration.Voters.All(v => down.Contains(v) || _replicas[v].AppliedIndex >= goal)) return;
        }
        throw new NoProgressException($"no progress after healing:\n{string.Join('\n', _replicas.Values.Select(r => r.Describe()))}");
    }

    /// <summary>The leader crashes for good, as soon as there is one. Gives how long it takes until another replica leads; what the network and the disks do stays as it is.</summary>
    public TimeSpan KillLeader()
    {
        var leader = NextLeader();
        CrashNow(leader.Id, long.MaxValue);
        var killed = _now;
        NextLeader();
        return new MonotonicTime(_now) - new MonotonicTime(killed);
    }

    private SimulatedReplica NextLeader()
    {
        for (var until = _now + Nanoseconds(TimeSpan.FromMinutes(1)); _now < until;)
        {
            if (Leader() is { } leader) return leader;
            _now += Nanoseconds(_faults.Step);
            Pump();
        }
        throw new NoProgressException($"no leader within a minute:\n{string.Join('\n', _replicas.Values.Select(r => r.Describe()))}");
    }

    private static long Nanoseconds(TimeSpan time) => time.Ticks * 100;

    private SimulatedReplica? Leader() => _replicas.Values.Where(r => r.IsUp && r.Node.Role == RaftRole.Leader).MaxBy(r => r.Node.Term);

    private MonotonicTime Local(ReplicaId id) => new(_nodes[id].Offset + (long)(_now * _nodes[id].Rate));

    private bool Chance(double probability) => probability > 0 && _random.NextDouble() < probability;

    private long Within(TimeSpan time) => _now + _random.NextInt64(Nanoseconds(time));

    private void BreakThings()
    {
        if (Chance(_faults.Partition)) Partition();
        if (Chance(_faults.PartitionEnd)) _cut.Clear();
        if (Chance(_faults.IsolateLeader) && Leader() is { } leader) Separate([leader.Id]);
        foreach (var (id, replica) in _replicas)
        {
            var node = _nodes[id];
            if (replica.IsUp && Chance(_faults.Crash)) CrashNow(id, Within(_faults.RestartAfterMax));
            else if (!replica.IsUp && _now >= node.DownUntil) Restart(id);
            if (Chance(_faults.Pause)) node.PausedUntil = Within(_faults.PauseMax);
            if (Chance(_faults.Stall)) node.StalledUntil = Within(_faults.StallMax);
            if (replica.IsUp && Chance(_faults.Compact) && replica.AppliedIndex > replica.Disk.Start && !IsPaused(id) && replica.Disk.Last >= replica.AppliedIndex)
                replica.Compact(replica.AppliedIndex);
            if (replica.IsUp && replica.Node.Role == RaftRole.Leader && _elections.Add(replica.Node.Term)) Won(replica);
        }
    }

    private void CrashNow(ReplicaId id, long until)
    {
        if (_replicas[id].IsUp) Crashes++;
        _replicas[id].Crash();
        _nodes[id].DownUntil = until;
        _contract.Lost(id);
    }

    private void Restart(ReplicaId id) => _replicas[id].Restart(Local(id));

    private void Won(SimulatedReplica leader)
    {
        if (Chance(_faults.IsolateNewLeader)) Separate([leader.Id]);
        if (Chance(_faults.ChangeAtElection)) Change(leader);
    }

    private void Partition()
    {
        if (Chance(0.5))
        {
            // A bridge: two replicas do not hear each other, the others hear both.
            var (a, b) = (RandomReplica(), RandomReplica());
            _cut.Add((a, b));
            _cut.Add((b, a));
        }
        else Separate(_replicas.Keys.Where(_ => Chance(0.5)).ToHashSet());
    }

    private void Separate(HashSet<ReplicaId> side)
    {
        var leaks = Chance(0.3);
        foreach (var from in _replicas.Keys)
            foreach (var to in _replicas.Keys)
                if (side.Contains(from) != side.Contains(to) && (!leaks || Chance(0.8))) _cut.Add((from, to));
    }

    private void Clients()
    {
        foreach (var (id, replica) in _replicas)
        {
            if (!replica.IsUp || IsPaused(id)) continue;
            var now = Local(id);
            for (var i = Chance(_faults.Propose) ? _random.Next(4) : 0; i > 0; i--) Propose(replica, now);
            if (Chance(_faults.Read))
            {
                _reads[_nextRead] = (id, Checker.CommitMax);
                replica.Node.ReadIndex(_nextRead++, now);
            }
            if (Chance(_faults.Transfer)) replica.Node.TransferLeadership(RandomReplica(), now);
            if (Chance(_faults.ChangeMembers)) Change(replica);
        }
    }

    private void Propose(SimulatedReplica replica, MonotonicTime now)
    {
        var waiting = replica.Node.UncommittedBytes;
        var payload = Payload();
        if (replica.Node.Propose(payload, now).Status != ProposeStatus.Accepted) return;
        Accepted++;
        Check.That(waiting == 0 || waiting + payload.Length <= replica.Options.UncommittedBytesMax, $"leader {replica.Id} takes a proposal though {waiting} bytes wait to be committed, limit {replica.Options.UncommittedBytesMax}");
    }

    private void Change(SimulatedReplica replica)
    {
        var now = Local(replica.Id);
        var change = RandomChange(replica.Node.Configuration, replica.Id);
        if (replica.Node.ProposeConfigurationChange(change, now).Status == ProposeStatus.Accepted) ChangesAccepted++;
    }

    private ReplicaId RandomReplica() => new((ulong)_random.Next(1, _replicas.Count + 1));

    private ConfigurationChange RandomChange(Configuration current, ReplicaId self)
    {
        if (current.IsJoint) return ConfigurationChange.Leave;
        if (!_faults.SimpleChanges)
        {
            var steps = Enumerable.Range(0, _random.Next(1, 4)).Select(_ => new ConfigurationChange.Step((ConfigurationChange.StepKind)_random.Next(1, 4), RandomReplica())).ToList();
            return new ConfigurationChange(steps, (ConfigurationTransition)_random.Next(1, 4));
        }
        var missing = _replicas.Keys.Where(id => !current.IsVoter(id)).ToList();
        ConfigurationChange.Step step = missing.Count > 0 && Chance(0.6)
            ? new(Chance(0.7) ? ConfigurationChange.StepKind.AddVoter : ConfigurationChange.StepKind.AddLearner, missing[_random.Next(missing.Count)])
            : new(ConfigurationChange.StepKind.Remove, Chance(0.4) ? self : RandomReplica());
        return new ConfigurationChange([step]);
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
            var paused = IsPaused(id);
            if (replica.IsUp && !paused)
            {
                replica.Node.Tick(Local(id));
                while (replica.Node.HasReady) Take(replica);
                if (_nodes[id].StalledUntil <= _now && Chance(_faults.SyncPerStep))
                    while (replica.Sync(message => Send(replica, message), Local(id)) && Chance(0.7)) { }
                while (replica.Node.HasReady) Take(replica);
                Observe(replica);
            }
            _watch.Observe(replica, new MonotonicTime(_now), paused);
        }
    }

    private void Observe(SimulatedReplica replica)
    {
        Checker.Observe(replica);
        _contract.Observe(replica);
    }

    private void Take(SimulatedReplica replica)
    {
        replica.Take(message => Send(replica, message), Local(replica.Id));
        Observe(replica);
        foreach (var state in replica.ReadStates)
        {
            Check.That(_reads.Remove(state.RequestId, out var read) && read.Asker == replica.Id, "a read that was not asked is answered, or twice");
            if (state.Failed) continue;
            ReadsAnswered++;
            Check.That(state.Index >= read.AtLeast, $"read index {state.Index} misses entry {read.AtLeast} that was committed before it was asked for");
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
        if (arrives) Send(from, snapshot);
    }

    private void Send(SimulatedReplica from, RaftMessage message)
    {
        _contract.Sent(from, message, Local(from.Id));
        if (_cut.Contains((message.From, message.To)) || Chance(_faults.Loss)) return;
        do
        {
            var delay = Chance(_faults.LongDelay) ? Within(_faults.LongDelayMax) : Within(_faults.DelayMax);
            _wire.Enqueue(message, (delay, _order++));
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
        _contract.Delivered(message);
        _watch.Delivered(message, new MonotonicTime(_now));
        replica.Node.Step(message, Local(message.To));
        Observe(replica);
    }

    /// <summary>A lease, even of a paused replica, is never in force when another replica committed more.</summary>
    private void CheckLeases()
    {
        foreach (var (id, replica) in _replicas)
        {
            if (!replica.IsUp || replica.Node.LeaseReadIndex(Local(id)) is not { } index) continue;
            LeaseReads++;
            Check.That(index >= Checker.CommitMax, $"replica {id} holds a lease at {index} but {Checker.CommitMax} is committed elsewhere");
        }
    }

    private sealed class ReplicaFaults(long offset, double rate)
    {
        public long Offset { get; } = offset;
        public double Rate { get; } = rate;
        public long PausedUntil { get; set; }
        public long StalledUntil { get; set; }
        public long DownUntil { get; set; }
    }
}
