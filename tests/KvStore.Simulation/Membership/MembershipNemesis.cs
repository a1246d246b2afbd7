using KvStore.Raft;
using KvStore.Simulation.World;

namespace KvStore.Simulation.Membership;

/// <summary>Changes of members and faults, planned by seed before the run.</summary>
internal sealed class MembershipNemesis
{
    private const int MembersMax = 12;

    private readonly MembershipRun _run;
    private readonly SimulationOptions _options;
    private readonly List<(TimeSpan At, int Kind, ulong Seed)> _plan = [];

    public MembershipNemesis(MembershipRun run, SimulationOptions options)
    {
        (_run, _options) = (run, options);
        var random = VirtualRandom.Stream(run.Seed, "membership faults");
        for (var at = TimeSpan.FromSeconds(1); at < options.Duration; at += random.Between(TimeSpan.FromMilliseconds(100), TimeSpan.FromMilliseconds(900)))
            _plan.Add((at, random.Next(100), random.Next()));
    }

    public int Planned => _plan.Count;
    public int Injected { get; private set; }

    public void Start()
    {
        for (var number = 0; number < _plan.Count; number++)
        {
            if (_options.WithoutFaults.Contains(number)) continue;
            var (fault, index) = (_plan[number], number);
            _run.Clock.After(fault.At, () => Begin(index, fault.Kind, new VirtualRandom(fault.Seed)));
        }
    }

    private void Begin(int number, int kind, VirtualRandom random)
    {
        if (_run.IsOver) return;
        Injected++;
        _run.Trace.Event(1, (ulong)number);
        var what = kind switch
        {
            < 35 => ChangeMembers(random),
            < 45 => Transfer(random),
            < 60 => Crash(random),
            < 68 => CrashAtDiskOperation(random),
            < 78 => Part(random),
            < 88 => ChangeWeather(random),
            _ => Stall(random),
        };
        _run.Trace.Line(() => $"fault {number}: {what}");
    }

    private string ChangeMembers(VirtualRandom random)
    {
        if (_run.Leader() is not { } leader) return "change of members without a leader";
        if (leader.Raft.Configuration.IsJoint && !leader.Raft.Configuration.AutoLeave) return Propose(leader, ConfigurationChange.Leave);
        var (steps, configuration) = (new List<ConfigurationChange.Step>(), leader.Raft.Configuration);
        for (var i = 1 + random.Next(3); i > 0; i--) steps.Add(PickStep(random, configuration));
        if (configuration.Voters.Count - steps.Count(step => step.Kind != ConfigurationChange.StepKind.AddVoter) < 1) return "change of members that leaves none";
        var transition = random.Next(3) switch { 0 => ConfigurationTransition.Automatic, 1 => ConfigurationTransition.JointImplicit, _ => ConfigurationTransition.JointExplicit };
        return Propose(leader, new ConfigurationChange(steps, transition));
    }

    private ConfigurationChange.Step PickStep(VirtualRandom random, Configuration configuration)
    {
        if (configuration.Learners.Count > 0 && random.Chance(45)) return new(ConfigurationChange.StepKind.AddVoter, random.Pick(configuration.Learners));
        if (_run.Members.Count < MembersMax && (configuration.Voters.Count < 3 || random.Chance(40)))
            return new(random.Chance(70) ? ConfigurationChange.StepKind.AddLearner : ConfigurationChange.StepKind.AddVoter, _run.AddMember().Id);
        return new(random.Chance(60) ? ConfigurationChange.StepKind.Remove : ConfigurationChange.StepKind.AddLearner, random.Pick(configuration.Voters));
    }

    private string Propose(Member leader, ConfigurationChange change)
    {
        var result = default(ProposeResult);
        leader.Do(raft => result = raft.ProposeConfigurationChange(change, _run.Clock.Now));
        return $"replica {leader.Id} changes members: {string.Join(", ", change.Steps.Select(step => $"{step.Kind} {step.Replica}"))} {change.Transition}: {result.Status} {result.Reason}";
    }

    private string Transfer(VirtualRandom random)
    {
        if (_run.Leader() is not { } leader) return "transfer without a leader";
        var target = random.Pick([.. _run.Members]).Id;
        leader.Do(raft => raft.TransferLeadership(target, _run.Clock.Now));
        return $"transfer from {leader.Id} to {target}";
    }

    private Member Victim(VirtualRandom random) => random.Chance(40) && _run.Leader() is { } leader ? leader : random.Pick([.. _run.Members]);

    private string Crash(VirtualRandom random)
    {
        var member = Victim(random);
        if (member.IsUp && random.Chance(60)) member.Crash();
        else if (member.IsUp) member.Kill();
        Restart(member, random);
        return $"replica {member.Id} crashes";
    }

    private string CrashAtDiskOperation(VirtualRandom random)
    {
        var member = Victim(random);
        member.Disk.StopAtOperation = member.Disk.OperationCount + 1 + random.Next(40);
        Restart(member, random);
        return $"replica {member.Id} will crash at a disk operation";
    }

    private void Restart(Member member, VirtualRandom random) =>
        _run.Clock.After(random.Between(TimeSpan.FromMilliseconds(50), TimeSpan.FromSeconds(2)), () =>
        {
            if (!member.IsUp) member.Start();
            if (!member.IsUp) member.Start();
        });

    private string Part(VirtualRandom random)
    {
        var oneWay = random.Chance(30);
        foreach (var one in _run.Members)
            foreach (var other in _run.Members)
                if (random.Chance(20))
                {
                    _run.Cut(one.Id, other.Id);
                    if (!oneWay) _run.Cut(other.Id, one.Id);
                }
        _run.Clock.After(random.Between(TimeSpan.FromMilliseconds(200), TimeSpan.FromSeconds(3)), _run.Heal);
        return "links are cut";
    }

    private string ChangeWeather(VirtualRandom random)
    {
        _run.Weather = random.Chance(40) ? NetworkWeather.Fine : new NetworkWeather(random.Next(150), random.Next(200), 0, random.Next(100_000));
        return $"weather {_run.Weather}";
    }

    private string Stall(VirtualRandom random)
    {
        var member = Victim(random);
        member.IsStalled = true;
        _run.Clock.After(random.Between(TimeSpan.FromMilliseconds(100), TimeSpan.FromSeconds(3)), () => member.IsStalled = false);
        return $"replica {member.Id} stands still";
    }
}
