namespace KvStore.Raft.Roles;

/// <summary>Asks whether an election could be won before it raises its term (dissertation §9.6), so that a replica which was cut off disturbs nobody.</summary>
internal sealed class PreCandidate(Replica replica) : Campaigner(replica)
{
    public override RaftRole Kind => RaftRole.PreCandidate;

    public override void Enter()
    {
        Ask(MessageKind.RequestPreVote, Replica.Term.Next, transfer: false, afterSync: false);
        Count(Replica.Self, granted: true);
    }

    protected override void OnVoteResponse(RaftMessage message)
    {
        if (message.Kind != MessageKind.RequestPreVoteResponse) return;
        if (!message.Reject && message.Term != Replica.Term.Next) return;
        Count(message.From, !message.Reject);
    }

    protected override void OnWon() => Replica.BecomeCandidate(CampaignKind.Timeout);
}
