namespace KvStore.Raft.Roles;

/// <summary>Stands for election in a term of its own (paper §5.2). Its own vote counts once it is durable, like everybody's.</summary>
internal sealed class Candidate(Replica replica, CampaignKind kind) : Campaigner(replica)
{
    public override RaftRole Kind => RaftRole.Candidate;

    public override void Enter() => AskAll();

    protected override void Ask(ReplicaId voter) =>
        Replica.Outbox.SendAfterSync(Request(MessageKind.RequestVote, voter, Replica.Term, transfer: kind == CampaignKind.Transfer));

    public override void Tick()
    {
        // Alone there is nobody to ask again: a new term would only make a slow disk start over.
        if (!Replica.Configuration.IsSoleVoter(Replica.Self)) base.Tick();
    }

    public override void OnHardStatePersisted(HardState state)
    {
        if (state == Replica.HardState) Count(Replica.Self, granted: true);
    }

    protected override void OnVoteResponse(RaftMessage message)
    {
        if (message.Kind == MessageKind.RequestVoteResponse) Count(message.From, !message.Reject);
#if PLANTED
        else if (Plants.Has(PlantedBug.PreVotesAsVotes)) Count(message.From, !message.Reject);
#endif
    }

    protected override void OnWon() => Replica.BecomeLeader();
}
