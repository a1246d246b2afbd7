namespace KvStore.Raft.Roles;

/// <summary>Asks whether an election could be won before it raises its term (dissertation §9.6), so that a replica which was cut off disturbs nobody.</summary>
internal sealed class PreCandidate(Replica replica) : Campaigner(replica)
{
    /// <summary>Until the answers to what it asked last must have come. After that, until it asks again, nobody else is kept from being elected.</summary>
    private MonotonicTime _claimsUntil;

    public override RaftRole Kind => RaftRole.PreCandidate;

    /// <summary>Of two that ask for the same term at once and hold the same log, the lower one goes on. If each granted to the other, both would vote for themselves, and nobody won.</summary>
    public override bool ClaimsBefore(RaftMessage rival) => Replica.Now < _claimsUntil && rival.Term == Replica.Term.Next && rival.From > Replica.Self && HoldsNoMore(rival);

    public override void OnPreVoteGranted() => Replica.BecomeFollower(Replica.Term, ReplicaId.None);

    private bool HoldsNoMore(RaftMessage rival) => rival.LogTerm == Log.LastTerm && rival.Index == Log.Last;

    public override void Enter()
    {
        AskAll();
        Count(Replica.Self, granted: true);
    }

    protected override void AskAll()
    {
        _claimsUntil = Replica.Now + (Replica.Options.HeartbeatInterval / 2);
        base.AskAll();
    }

    protected override void Ask(ReplicaId voter) => Replica.Outbox.Send(Request(MessageKind.RequestPreVote, voter, Replica.Term.Next, transfer: false));

    protected override void OnVoteResponse(RaftMessage message)
    {
        if (message.Kind != MessageKind.RequestPreVoteResponse) return;
        if (!message.Reject && message.Term != Replica.Term.Next) return;
        Count(message.From, !message.Reject);
    }

    protected override void OnWon() => Replica.BecomeCandidate(CampaignKind.Timeout);
}
