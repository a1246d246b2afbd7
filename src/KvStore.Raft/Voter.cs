namespace KvStore.Raft;

/// <summary>How a replica answers candidates, whatever its own role (paper §5.2, §5.4.1; dissertation §4.2.3 and §9.6).</summary>
internal sealed class Voter(Replica replica)
{
    /// <summary>
    /// No vote or pre-vote before this time, except in an election that the leader itself asked for: the minimum election timeout after
    /// the last message of a leader and after the replica's own start (it may have promised and forgotten). The leader lease stands on this.
    /// </summary>
#if PLANTED
    public MonotonicTime NotBefore { get; private set; } = Plants.Has(PlantedBug.PromiseForgotten) ? replica.Now : replica.Now + replica.Options.ElectionTimeoutMin;
#else
    public MonotonicTime NotBefore { get; private set; } = replica.Now + replica.Options.ElectionTimeoutMin;
#endif

    public void Promise() => PromiseUntil(replica.Now + replica.Options.ElectionTimeoutMin);

    public void PromiseUntil(MonotonicTime time)
    {
        if (time > NotBefore) NotBefore = time;
    }

    /// <summary>Leader stickiness: the candidate is refused without a look at its term.</summary>
#if PLANTED
    public bool Refuses(RaftMessage request) => !Plants.Has(PlantedBug.NoStickiness) && !request.Transfer && (replica.Now < NotBefore || replica.Now < replica.Role.PromisedUntil);
#else
    public bool Refuses(RaftMessage request) => !request.Transfer && (replica.Now < NotBefore || replica.Now < replica.Role.PromisedUntil);
#endif

    public void AnswerPreVote(RaftMessage request)
    {
        var grants = !Refuses(request) && replica.Log.IsUpToDate(request.Index, request.LogTerm)
            && (request.Term > replica.Term || (request.Term == replica.Term && IsFree(request.From)))
            && !replica.Role.ClaimsBefore(request);
#if PLANTED
        if (!grants && Plants.Has(PlantedBug.PreVoteRefusalHidesTerm)) return;
#endif
        // A grant names the term that the candidate asks for; a refusal names ours, so that a candidate behind learns of it.
        replica.Outbox.Send(new RaftMessage
        {
            Kind = MessageKind.RequestPreVoteResponse,
            From = replica.Self,
            To = request.From,
            Term = grants ? request.Term : replica.Term,
            Reject = !grants,
        });
        if (grants) replica.Role.OnPreVoteGranted();
    }

    public void AnswerVote(RaftMessage request)
    {
        var grants = !Refuses(request) && request.Term == replica.Term && IsFree(request.From) && replica.Log.IsUpToDate(request.Index, request.LogTerm);
        if (grants) replica.GiveVote(request.From);
        var answer = new RaftMessage { Kind = MessageKind.RequestVoteResponse, From = replica.Self, To = request.From, Term = replica.Term, Reject = !grants };
#if PLANTED
        if (Plants.Has(PlantedBug.VoteBeforeSync))
        {
            replica.Outbox.Send(answer);
            return;
        }
#endif
        if (grants) replica.Outbox.SendAfterSync(answer);
        else replica.Outbox.Send(answer);
    }

    private bool IsFree(ReplicaId candidate) => replica.Vote == candidate || (replica.Vote == ReplicaId.None && replica.Leader == ReplicaId.None);
}
