using KvStore.Raft;
using KvStore.Simulation.Checks;
using KvStore.Simulation.Running;
using KvStore.Simulation.World;

namespace KvStore.Simulation.Membership;

/// <summary>
/// A smaller simulation of one group: the product's Raft core and WAL alone, under changes of its members (learners, promotion, demotion, removal, replacement, joint configurations,
/// explicit and implicit), leadership transfers, crashes at any disk operation, stalls, and a network that loses, repeats, reorders and parts. Then everybody is healed, and the members of the
/// last configuration have to elect, commit and converge.
/// </summary>
internal sealed class MembershipRun
{
    public const string Name = "membership";
    public static readonly GroupId Group = new(1);

    private static readonly TimeSpan LivenessLimit = TimeSpan.FromSeconds(30);

    private readonly SimulationOptions _options;
    private readonly SortedDictionary<ReplicaId, Member> _members = [];
    private readonly HashSet<(ReplicaId, ReplicaId)> _cut = [];
    private readonly VirtualRandom _network;
    private readonly VirtualRandom _proposals;
    private readonly MembershipNemesis _nemesis;
    private readonly int _initialVoters;
    private bool _isHalted;
    private bool _isOver;
    private ulong _reads;
    private long _operations;

    public MembershipRun(ulong seed, SimulationOptions options)
    {
        (Seed, _options) = (seed, options);
        Trace = new TraceLog(Clock, options.Trace);
        Findings = new Findings(() => _isHalted = true);
        Book = new ReplicaBook(CheckList.Make(Findings, trustsLeases: true, static _ => false));
        _network = VirtualRandom.Stream(seed, "network");
        _proposals = VirtualRandom.Stream(seed, "proposals");
        var random = VirtualRandom.Stream(seed, "shape");
        _initialVoters = 1 + 2 * random.Next(3);
        MessageBytesMax = (int)random.Between(200, 20_000);
        var initial = new Configuration([.. Enumerable.Range(1, _initialVoters).Select(id => new ReplicaId((ulong)id))]);
        foreach (var voter in initial.Voters) _members.Add(voter, new Member(this, voter, initial));
        _nemesis = new MembershipNemesis(this, options);
    }

    public ulong Seed { get; }
    public VirtualClock Clock { get; } = new();
    public TraceLog Trace { get; }
    public Findings Findings { get; }
    public ReplicaBook Book { get; }
    public NetworkWeather Weather { get; set; } = NetworkWeather.Fine;
    public IReadOnlyCollection<Member> Members => _members.Values;
    public bool IsOver => _isOver || _isHalted;
    private int MessageBytesMax { get; }

    public RaftOptions OptionsOf(ReplicaId id, ulong seed) => new() { Group = Group, Self = id, Seed = seed, AppendMessageBytesMax = MessageBytesMax, InFlightMessagesMax = 16, CachedBytesMax = 2000 };

    public Member Find(ReplicaId id) => _members[id];

    /// <summary>A replica that nobody knows yet, under an id that was never used.</summary>
    public Member AddMember()
    {
        var id = new ReplicaId((ulong)_members.Count + 1);
        var member = new Member(this, id, Configuration.Empty);
        _members.Add(id, member);
        member.Start();
        return member;
    }

    public Member? Leader() => _members.Values.Where(member => member.IsUp && member.Raft.Role == RaftRole.Leader).MaxBy(member => member.Raft.Term.Value);

    public void OperationAnswered() => _operations++;

    public void Cut(ReplicaId from, ReplicaId to) => _cut.Add((from, to));

    public void Heal() => _cut.Clear();

    public void Send(RaftMessage message)
    {
        Trace.Event((ulong)message.Kind << 32 | message.From.Value << 16 | message.To.Value, message.Term.Value << 32 | message.Index.Value);
        if (_network.ChanceIn(Weather.LostOfThousand)) return;
        for (var copies = _network.ChanceIn(Weather.RepeatedOfThousand) ? 2 : 1; copies > 0; copies--)
            Clock.After(TimeSpan.FromMicroseconds(50 + _network.Next(1000) + _network.Next(Weather.DelayMicrosecondsMax + 1)), () => Deliver(message));
    }

    private void Deliver(RaftMessage message)
    {
        if (_cut.Contains((message.From, message.To)) || !_members.TryGetValue(message.To, out var member)) return;
        if (member.IsStalled) Clock.After(TimeSpan.FromMilliseconds(5), () => Deliver(message));
        else
        {
            if (Trace.IsWritten) Trace.Line(() => $"{message.From} to {message.To}: {message.Kind} term {message.Term} index {message.Index} of {message.LogTerm}, {message.Entries.Count} entries, commit {message.Commit}{(message.Reject ? $", refused, hint {message.HintIndex}" : "")}");
            member.Do(raft => raft.Step(message, Clock.Now));
        }
    }

    /// <summary>The snapshot goes its own way and takes its time; the leader hears of its end exactly once.</summary>
    public void SendSnapshot(Member leader, ReplicaId follower)
    {
        var (snapshot, term) = (leader.Snapshot(), leader.Raft.Term);
        Clock.After(TimeSpan.FromMilliseconds(1 + _network.Next(60)), () =>
        {
            var arrives = snapshot is not null && !_cut.Contains((leader.Id, follower)) && !_network.ChanceIn(Weather.LostOfThousand) && _members.TryGetValue(follower, out _);
            var taken = arrives && _members[follower].Install(snapshot!, leader.Id, term);
            Clock.After(TimeSpan.FromMilliseconds(1 + _network.Next(20)), () => leader.Do(raft => raft.ReportSnapshot(follower, taken ? SnapshotOutcome.Sent : SnapshotOutcome.Failed, taken ? snapshot!.Index : LogIndex.None)));
        });
    }

    public SimulationOutcome Run()
    {
        foreach (var member in _members.Values) member.Start();
        _nemesis.Start();
        Work();
        RunFor(_options.Duration);
        _isOver = true;
        if (!_isHalted) Recover();
        return Outcome();
    }

    /// <summary>Proposals and reads at random members, most at the leader.</summary>
    private void Work()
    {
        if (IsOver) return;
        Clock.After(TimeSpan.FromMicroseconds(_proposals.Next(16_000)), Work);
        var target = _proposals.Chance(70) && Leader() is { } leader ? leader : _members.Values.ElementAt(_proposals.Next(_members.Count));
        if (_proposals.Chance(40)) target.Read(++_reads);
        else
        {
            var payload = new byte[8 + _proposals.Next(300)];
            System.Buffers.Binary.BinaryPrimitives.WriteUInt64LittleEndian(payload, _proposals.Next());
            target.Do(raft =>
            {
                if (raft.Propose(payload, Clock.Now).Status == ProposeStatus.Accepted) _operations++;
            });
        }
    }

    private void RunFor(TimeSpan time)
    {
        var end = Clock.Now + time;
        while (!_isHalted && Clock.NextEvent is { } next && next <= end)
        {
            Clock.Advance(next);
            Clock.RunDue();
        }
        if (!_isHalted) Clock.Advance(end);
    }

    private void Recover()
    {
        Heal();
        Weather = NetworkWeather.Fine;
        foreach (var member in _members.Values)
        {
            member.IsStalled = false;
            member.Disk.StopAtOperation = 0;
            member.Start();
        }
        Trace.Line(() => "everybody is healed");
        var end = Clock.Now + LivenessLimit;
        var proposed = LogIndex.None;
        while (!_isHalted && !IsWhole(ref proposed))
        {
            if (Clock.Now >= end)
            {
                Findings.Report("liveness", $"not within {LivenessLimit.TotalSeconds} s: {string.Join("; ", _members.Values.Select(Describe))}", SimulationVerdict.Stuck);
                return;
            }
            RunFor(TimeSpan.FromMilliseconds(50));
        }
    }

    /// <summary>A leader has committed something new, the configuration is simple, and all its members have applied the same.</summary>
    private bool IsWhole(ref LogIndex proposed)
    {
        if (Leader() is not { } leader) return false;
        if (leader.Raft.Configuration is { IsJoint: true, AutoLeave: false }) leader.Do(raft => raft.ProposeConfigurationChange(ConfigurationChange.Leave, Clock.Now));
        if (leader.Raft.Configuration.IsJoint) return false;
        if (proposed == LogIndex.None || leader.Raft.LastIndex < proposed)
        {
            var accepted = LogIndex.None;
            leader.Do(raft => accepted = raft.Propose(new byte[8], Clock.Now) is { Status: ProposeStatus.Accepted } result ? result.Index : LogIndex.None);
            proposed = accepted;
            return false;
        }
        return leader.Applied >= proposed && leader.Raft.Configuration.Members().All(id => _members[id] is { IsUp: true } member && member.Applied == leader.Applied && member.Hash == leader.Hash);
    }

    private static string Describe(Member member) => member.IsUp
        ? $"{member.Id}: {member.Raft.Role} in term {member.Raft.Term}, commit {member.Raft.Commit} of {member.Raft.LastIndex}, applied {member.Applied}, {member.Raft.Configuration}"
        : $"{member.Id}: down";

    private SimulationOutcome Outcome() => new()
    {
        Seed = Seed, Verdict = Findings.First?.Verdict ?? SimulationVerdict.Passed, Check = Findings.First?.Check, Message = Findings.First?.Message, Replay = ReplayCommand.Of(Seed, _options),
        Simulated = TimeSpan.FromTicks(Clock.Now.Nanoseconds / 100), Operations = _operations, Faults = _nemesis.Injected, FaultsPlanned = _nemesis.Planned, TraceHash = Trace.Hash, TraceSeconds = Trace.Seconds,
        Counts = new Dictionary<string, long>(),
    };
}
