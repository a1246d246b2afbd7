namespace KvStore.Raft.Replication;

internal enum ProgressState
{
    /// <summary>Where the logs agree is not known: one append at a time.</summary>
    Probe,
    /// <summary>The logs agree up to Match: appends are pipelined.</summary>
    Replicate,
    /// <summary>The follower needs entries that the leader no longer has: nothing is sent until the host reports on the RaftSnapshot.</summary>
    Snapshot,
}

/// <summary>What a leader knows of one replica (paper figure 2: nextIndex, matchIndex), its own one included.</summary>
internal sealed class Progress(ReplicaId replica, LogIndex next, MonotonicTime now)
{
    public ReplicaId Replica { get; } = replica;

    /// <summary>The replica durably holds the leader's log up to here. Only grows within a term.</summary>
    public LogIndex Match { get; private set; }

    /// <summary>The next entry to send: always above <see cref="Match"/>.</summary>
    public LogIndex Next { get; private set; } = next;

    public ProgressState State { get; private set; } = ProgressState.Probe;

    /// <summary>Probe: an append is on its way, so wait for an answer or a heartbeat's answer.</summary>
    public bool IsProbing { get; set; }

    /// <summary>Replicate: a heartbeat was answered while entries were unacknowledged, so ask with an empty append whether they got lost.</summary>
    public bool NeedsCheck { get; set; }

    /// <summary>The highest commit index that was sent and that the replica can take at once. A hint: a lost message is made up for by the next heartbeat.</summary>
    public LogIndex CommitSent { get; set; }

    /// <summary>When the last message of this term came from the replica; at first when it was added.</summary>
    public MonotonicTime Contact { get; set; } = now;

    /// <summary>The newest heartbeat round that the replica answered.</summary>
    public ulong Round { get; private set; }

    /// <summary>When that round was sent, by the leader's clock: from then on the replica grants no vote for the minimum election timeout.</summary>
    public MonotonicTime RoundSent { get; private set; } = new(long.MinValue / 2);

    public InFlight InFlight { get; } = new();

    public void BecomeProbe()
    {
        Next = Match.Next;
        Enter(ProgressState.Probe);
    }

    public void BecomeSnapshot() => Enter(ProgressState.Snapshot);

    /// <summary>A snapshot that ends at <paramref name="index"/> was received, or none was (index 0). Probes only after the replica was heard again, so that failures do not spin.</summary>
    public void SnapshotEnded(LogIndex index)
    {
        Enter(ProgressState.Probe);
        Next = LogIndex.Max(Match, index).Next;
        IsProbing = true;
    }

    private void Enter(ProgressState state)
    {
        State = state;
        IsProbing = false;
        NeedsCheck = false;
        InFlight.Clear();
    }

    /// <summary>The replica matches up to <paramref name="index"/>. True when that was news.</summary>
    public bool Accepted(LogIndex index, LogIndex logFirst)
    {
        var news = index > Match;
        if (news) Match = index;
        Next = LogIndex.Max(Next, index.Next);
        IsProbing = false;
        InFlight.Acknowledge(index);
        if (State == ProgressState.Probe || (State == ProgressState.Snapshot && Match.Next >= logFirst))
        {
            Next = Match.Next;
            Enter(ProgressState.Replicate);
        }
        return news;
    }

    /// <summary>The replica's log does not hold the entry before an append at <paramref name="refused"/>. False when the answer is a stale one.</summary>
    public bool Refused(LogIndex refused, LogIndex agreesAtMost)
    {
        if (State == ProgressState.Replicate)
        {
            if (refused <= Match) return false;
            BecomeProbe();
            return true;
        }
        if (State != ProgressState.Probe || Next.Previous != refused) return false;
#if PLANTED
        if (Plants.Has(PlantedBug.BacktrackingLoops)) agreesAtMost = refused;
        if (Plants.Has(PlantedBug.BacktrackingLoops)) refused = refused.Next;
#endif
        Next = LogIndex.Max(LogIndex.Min(refused, agreesAtMost.Next), Match.Next);
        IsProbing = false;
        return true;
    }

    public void Sent(LogIndex last, long bytes)
    {
        if (State == ProgressState.Replicate)
        {
            Next = last.Next;
            InFlight.Add(last, bytes);
        }
        else IsProbing = true;
    }

    public void AnsweredRound(ulong round, MonotonicTime sent)
    {
        if (round <= Round) return;
        Round = round;
        RoundSent = sent;
    }

    /// <summary>The leader's own log is durable up to here.</summary>
    public void SetOwn(LogIndex persisted, ulong round, MonotonicTime now)
    {
        Match = persisted;
        Next = persisted.Next;
        Round = round;
        RoundSent = now;
        Contact = now;
    }
}
