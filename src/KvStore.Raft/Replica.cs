using KvStore.Raft.Roles;

namespace KvStore.Raft;

/// <summary>What all roles of one replica share: its durable state, log, configuration, clock and outbox, and the changes of role.</summary>
internal sealed class Replica
{
    private readonly SplitMix64 _random;
    private HardState _handedOut;

    public Replica(RaftOptions options, RaftStart start, MonotonicTime now)
    {
        options.Validate();
        Options = options;
        Now = now;
        Log = new RaftLog(options, start);
        Configurations = new ConfigurationHistory(start.SnapshotIndex, start.Configuration);
        foreach (var entry in start.Entries)
            if (entry.Kind == EntryKind.ConfigurationChange) Configurations.Append(entry);
        _handedOut = start.HardState;
        // A replica that starts from a snapshot may have a log of a term that it never voted in.
        var isBehindSnapshot = start.HardState.Term < start.SnapshotTerm;
        Term = isBehindSnapshot ? start.SnapshotTerm : start.HardState.Term;
        Vote = isBehindSnapshot ? ReplicaId.None : start.HardState.Vote;
        Invariant.That(Term >= Log.LastTerm, "the term is made durable before the entries of the term");
        // The start time is part of the seed, so that no two lives of a replica draw the same numbers.
        _random = new SplitMix64(options.Seed ^ (ulong)now.Nanoseconds * 0x9E3779B97F4A7C15);
        Voter = new Voter(this);
        Reads = new ForwardedReads(this, _random.Next());
        Role = new Follower(this);
        ResetElectionTimer();
        ElectionDue += start.FirstTimeoutExtra;
    }

    public RaftOptions Options { get; }
    public ReplicaId Self => Options.Self;
    public RaftLog Log { get; }
    public ConfigurationHistory Configurations { get; }
    public Configuration Configuration => Configurations.Latest;
    public Outbox Outbox { get; } = new();
    public Voter Voter { get; }
    public ForwardedReads Reads { get; }
    public Role Role { get; private set; }

    /// <summary>The time of the newest input. Never goes back.</summary>
    public MonotonicTime Now { get; private set; }

    /// <summary>Never goes back.</summary>
    public Term Term { get; private set; }

    /// <summary>Whom this replica voted for in <see cref="Term"/>. Once given it stays for the term.</summary>
    public ReplicaId Vote { get; private set; }

    /// <summary>The leader of <see cref="Term"/>, none when unknown. Once known it stays for the term, or becomes unknown; it is never another replica.</summary>
    public ReplicaId Leader { get; private set; }

    public MonotonicTime ElectionDue { get; private set; }

    /// <summary>Rounds of heartbeats so far; every round has its own number for as long as the process lives.</summary>
    public ulong RoundsStarted { get; set; }

    public HardState HardState => new(Term, Vote);

    public bool IsHardStateUnwritten => HardState != _handedOut;

    /// <summary>The disk has not acknowledged a write for so long that this replica should not lead.</summary>
    public bool IsDiskStalled => Log.OldestWriteSince is { } since && Now >= since + Options.DiskStallMax;

    public void Advance(MonotonicTime now)
    {
        if (now > Now) Now = now;
    }

    public HardState? TakeHardState()
    {
        if (!IsHardStateUnwritten) return null;
        _handedOut = HardState;
        return _handedOut;
    }

    public void ResetElectionTimer() => ElectionDue = Now + _random.Between(Options.ElectionTimeoutMin, Options.ElectionTimeoutMax);

    /// <summary>Longer than a heartbeat interval by up to another one, so that two who ask do not stay in step.</summary>
    public TimeSpan PauseBeforeAskingAgain() => _random.Between(Options.HeartbeatInterval, Options.HeartbeatInterval * 2);

    public void CampaignNotBefore(MonotonicTime time) => ElectionDue = time;

    /// <summary>
    /// A replica that is in no committed configuration does not campaign. One that an uncommitted change removes still may: it can be the
    /// only one whose log is complete (dissertation §4.2.2).
    /// </summary>
    public bool MayCampaign => Configuration.IsVoter(Self) || Configurations.At(Log.Commit).IsVoter(Self);

    public void BecomeFollower(Term term, ReplicaId leader)
    {
        Invariant.That(term >= Term, "the term never goes back");
        if (term > Term)
        {
            Term = term;
            Vote = ReplicaId.None;
            SetLeader(ReplicaId.None);
        }
        SetLeader(leader);
        if (Role is Follower) return;
        Become(new Follower(this));
        ResetElectionTimer();
    }

    public void BecomePreCandidate()
    {
        SetLeader(ReplicaId.None);
        ResetElectionTimer();
        Become(new PreCandidate(this));
    }

    public void BecomeCandidate(CampaignKind kind)
    {
        Invariant.That(Role is not Roles.Leader);
        Term = Term.Next;
        Vote = Self;
        SetLeader(ReplicaId.None);
        ResetElectionTimer();
        Become(new Candidate(this, kind));
    }

    public void BecomeLeader()
    {
        Invariant.That(Role is Candidate && Vote == Self, "only a candidate that voted for itself becomes leader");
        SetLeader(Self);
        Become(new Leader(this));
    }

    public void GiveVote(ReplicaId candidate)
    {
        Invariant.That(Vote == ReplicaId.None || Vote == candidate, "one vote per term");
        Vote = candidate;
        ResetElectionTimer();
    }

    /// <summary>A message came from the leader of this term.</summary>
    public void HeardLeader(ReplicaId leader)
    {
        Invariant.That(Leader == ReplicaId.None || Leader == leader, "one leader per term");
        SetLeader(leader);
        Voter.Promise();
        ResetElectionTimer();
    }

    public void Append(Entry entry)
    {
        Log.Append(entry);
        if (entry.Kind == EntryKind.ConfigurationChange) Configurations.Append(entry);
    }

    public void TruncateFrom(LogIndex from)
    {
        Log.TruncateFrom(from);
#if PLANTED
        if (!Plants.Has(PlantedBug.ChangeNotRolledBack))
#endif
        Configurations.TruncateFrom(from);
    }

    private void SetLeader(ReplicaId leader)
    {
        if (Leader == leader) return;
        Leader = leader;
        Reads.Fail();
    }

    private void Become(Role role)
    {
        Role.Leave();
        Role = role;
        role.Enter();
    }
}
