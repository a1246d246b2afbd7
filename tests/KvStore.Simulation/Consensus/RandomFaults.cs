namespace KvStore.Simulation.Consensus;

/// <summary>What a random run does to a group: how likely each fault is, per step and replica or per message, and how the group is set up.</summary>
internal sealed record RandomFaults
{
    public int Voters { get; init; } = 3;
    public int Spares { get; init; }
    public TimeSpan Step { get; init; } = TimeSpan.FromMilliseconds(5);
    public TimeSpan ElectionTimeoutMax { get; init; } = TimeSpan.FromSeconds(1);
    /// <summary>By how much a clock may run fast or slow, as a fraction; the lease allows for 5 % between two clocks.</summary>
    public double Drift { get; init; } = 0.02;

    public double Loss { get; init; } = 0.05;
    public double Duplicate { get; init; } = 0.05;
    public TimeSpan DelayMax { get; init; } = TimeSpan.FromMilliseconds(20);
    public double LongDelay { get; init; } = 0.02;
    public TimeSpan LongDelayMax { get; init; } = TimeSpan.FromSeconds(2);
    public double Crash { get; init; } = 0.001;
    public TimeSpan RestartAfterMax { get; init; } = TimeSpan.FromSeconds(2);
    public double Pause { get; init; } = 0.0005;
    public TimeSpan PauseMax { get; init; } = TimeSpan.FromSeconds(3);
    public double Compact { get; init; } = 0.01;
    public double Transfer { get; init; } = 0.002;
    public double SyncPerStep { get; init; } = 0.5;
    /// <summary>A disk stands still: nothing becomes durable.</summary>
    public double Stall { get; init; }
    public TimeSpan StallMax { get; init; } = TimeSpan.FromSeconds(5);
    public double Partition { get; init; } = 0.01;
    public double PartitionEnd { get; init; } = 0.01;
    /// <summary>A replica that has just won an election is cut off from the others.</summary>
    public double IsolateNewLeader { get; init; }

    /// <summary>The leader is cut off from the others.</summary>
    public double IsolateLeader { get; init; }

    /// <summary>How often clients propose; not a fault, but a busy log keeps replicas that are cut off from being elected.</summary>
    public double Propose { get; init; } = 0.3;
    public double Read { get; init; } = 0.05;
    public double ChangeMembers { get; init; }
    /// <summary>A replica that has just won an election changes the members at once.</summary>
    public double ChangeAtElection { get; init; }
    /// <summary>One step a change, so that no joint configuration is needed.</summary>
    public bool SimpleChanges { get; init; }

    /// <summary>At the end only a majority comes back to life, instead of all.</summary>
    public bool HealMajorityOnly { get; init; }

    public RandomFaults Ended => this with
    {
        Loss = 0, Duplicate = 0, LongDelay = 0, Crash = 0, Pause = 0, Compact = 0, Transfer = 0, ChangeMembers = 0, ChangeAtElection = 0, Partition = 0, IsolateNewLeader = 0, IsolateLeader = 0, Stall = 0, SyncPerStep = Math.Max(SyncPerStep, 0.2),
    };

    /// <summary>The kinds of runs. Each tempts another part of the algorithm.</summary>
    public static IReadOnlyDictionary<string, RandomFaults> Kinds { get; } = new SortedDictionary<string, RandomFaults>(StringComparer.Ordinal)
    {
        ["three"] = new(),
        ["five"] = new() { Voters = 5 },
        ["members"] = new() { Spares = 3, ChangeMembers = 0.02, Crash = 0.0005 },
        ["leases"] = new()
        {
            Propose = 0.02, Loss = 0.01, LongDelay = 0.05, RestartAfterMax = TimeSpan.FromMilliseconds(20), Transfer = 0.003, Pause = 0.0015, PauseMax = TimeSpan.FromMilliseconds(600), SyncPerStep = 0.9,
        },
        ["late"] = new()
        {
            Propose = 0.1, Read = 0.005, Loss = 0.01, LongDelay = 0.25, LongDelayMax = TimeSpan.FromMilliseconds(450), ElectionTimeoutMax = TimeSpan.FromMilliseconds(560), IsolateLeader = 0.004, Partition = 0, PartitionEnd = 0.005,
            Crash = 0, Pause = 0, SyncPerStep = 0.9,
        },
        ["later"] = new()
        {
            Propose = 0.1, Read = 0.2, Loss = 0.01, LongDelay = 0.25, LongDelayMax = TimeSpan.FromMilliseconds(1200), IsolateLeader = 0.003, Partition = 0, PartitionEnd = 0.004, Crash = 0, Pause = 0, SyncPerStep = 0.9,
        },
        ["contention"] = new()
        {
            Voters = 5, ElectionTimeoutMax = TimeSpan.FromMilliseconds(505), LongDelay = 0.25, LongDelayMax = TimeSpan.FromMilliseconds(1500), IsolateNewLeader = 0.5, Partition = 0.002, PartitionEnd = 0.005, Crash = 0.0005,
        },
        ["stalls"] = new() { Stall = 0.001, Loss = 0.01, Pause = 0, Partition = 0.003, Crash = 0.0003 },
        ["changes"] = new()
        {
            Voters = 4, Spares = 1, SimpleChanges = true, ChangeMembers = 0.01, ChangeAtElection = 0.8, IsolateNewLeader = 0.4, Partition = 0.002, PartitionEnd = 0.003, Crash = 0.0003, Pause = 0, LongDelay = 0, Propose = 0.05,
        },
        ["drift"] = new()
        {
            Step = TimeSpan.FromMilliseconds(1), ElectionTimeoutMax = TimeSpan.FromMilliseconds(501), Drift = 0.0243, DelayMax = TimeSpan.FromMilliseconds(1), LongDelay = 0, Loss = 0, Duplicate = 0, Crash = 0, Pause = 0,
            Partition = 0, PartitionEnd = 0.001, IsolateLeader = 0.0008, Transfer = 0.0001, SyncPerStep = 1, Propose = 0.2,
        },
        ["majority"] = new() { Voters = 5, HealMajorityOnly = true, Partition = 0.005, PartitionEnd = 0.005, IsolateNewLeader = 0.3, Crash = 0.002 },
    };
}
