namespace KvStore.Raft.Replication;

/// <summary>A leader's progress of all members of its newest configuration; arrays, since groups are small and every acknowledgement looks here.</summary>
internal sealed class ProgressTable(ReplicaId self)
{
    private const int StackVotersMax = 32;
    private Progress[] _voters = [];
    private Progress[] _outgoing = [];

    /// <summary>All members but the leader itself, in order of their ids.</summary>
    public Progress[] Others { get; private set; } = [];

    /// <summary>The leader's own progress while it is a voter.</summary>
    public Progress? Own { get; private set; }

    public Progress? Find(ReplicaId replica)
    {
        foreach (var progress in Others)
            if (progress.Replica == replica) return progress;
        return null;
    }

    /// <summary>Takes over a configuration. Known members keep their progress, new ones start probing at <paramref name="next"/>.</summary>
    public void Configure(Configuration configuration, LogIndex next, MonotonicTime now)
    {
        var members = configuration.Members();
        var all = new Progress[members.Count];
        for (var i = 0; i < all.Length; i++)
            all[i] = (members[i] == self ? Own : Find(members[i])) ?? new Progress(members[i], next, now);
#if PLANTED
        var before = Own;
#endif
        Own = configuration.IsVoter(self) ? Array.Find(all, p => p.Replica == self) : null;
        Others = Array.FindAll(all, p => p.Replica != self);
        _voters = Select(configuration.Voters, all);
        _outgoing = Select(configuration.Outgoing, all);
#if PLANTED
        if (Plants.Has(PlantedBug.LearnerCounted) && !configuration.IsJoint) _voters = Select([.. configuration.Voters, .. configuration.Learners], all);
        if (Plants.Has(PlantedBug.RemovedLeaderCountsItself) && Own is null && before is not null)
        {
            Own = before;
            _voters = [.. _voters, before];
        }
#endif
    }

    /// <summary>The largest index that all other members durably hold; <paramref name="last"/> when there is none.</summary>
    public LogIndex LeastMatch(LogIndex last)
    {
        foreach (var progress in Others) last = LogIndex.Min(last, progress.Match);
        return last;
    }

    /// <summary>The largest index that a quorum durably holds.</summary>
    public LogIndex QuorumMatch() => new((ulong)Math.Min(OfMatch(_voters), OfMatch(_outgoing)));

    /// <summary>The newest round that a quorum answered.</summary>
    public ulong QuorumRound() => (ulong)Math.Min(OfRound(_voters), OfRound(_outgoing));

    /// <summary>The latest send time such that a quorum answered a round sent then or later.</summary>
    public MonotonicTime QuorumRoundSent() => new(Math.Min(OfRoundSent(_voters), OfRoundSent(_outgoing)));

    /// <summary>The latest time such that a quorum was heard of then or later.</summary>
    public MonotonicTime QuorumContact() => new(Math.Min(OfContact(_voters), OfContact(_outgoing)));

    private static long OfMatch(Progress[] voters)
    {
        Span<long> values = voters.Length <= StackVotersMax ? stackalloc long[voters.Length] : new long[voters.Length];
        for (var i = 0; i < voters.Length; i++) values[i] = (long)voters[i].Match.Value;
        return Quorum.MajorityReaches(values);
    }

    private static long OfRound(Progress[] voters)
    {
        Span<long> values = voters.Length <= StackVotersMax ? stackalloc long[voters.Length] : new long[voters.Length];
        for (var i = 0; i < voters.Length; i++) values[i] = (long)voters[i].Round;
        return Quorum.MajorityReaches(values);
    }

    private static long OfRoundSent(Progress[] voters)
    {
        Span<long> values = voters.Length <= StackVotersMax ? stackalloc long[voters.Length] : new long[voters.Length];
        for (var i = 0; i < voters.Length; i++) values[i] = voters[i].RoundSent.Nanoseconds;
        return Quorum.MajorityReaches(values);
    }

    private static long OfContact(Progress[] voters)
    {
        Span<long> values = voters.Length <= StackVotersMax ? stackalloc long[voters.Length] : new long[voters.Length];
        for (var i = 0; i < voters.Length; i++) values[i] = voters[i].Contact.Nanoseconds;
        return Quorum.MajorityReaches(values);
    }

    private static Progress[] Select(IReadOnlyList<ReplicaId> ids, Progress[] all)
    {
        var selected = new Progress[ids.Count];
        for (var i = 0; i < selected.Length; i++) selected[i] = Array.Find(all, p => p.Replica == ids[i])!;
        return selected;
    }
}
