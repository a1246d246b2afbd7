using KvStore.Raft;

namespace KvStore.Simulation.Checks;

/// <summary>A replica votes for one candidate a term, for ever, through all its crashes; and what binds it to a term is durable before it says so. Seen on the wire.</summary>
internal sealed class VoteCheck(Findings findings, Func<ObservedReplica, bool> isDamaged) : ReplicaCheck("one vote a term", findings)
{
    private readonly Dictionary<(GroupId, ReplicaId, Term), ReplicaId> _votes = [];

    public override void Sent(ObservedReplica replica, in SentMessage message)
    {
        switch (message.Kind)
        {
            case MessageKind.RequestVote: Voted(replica, message.Term, replica.Id); break;
            case MessageKind.RequestVoteResponse when !message.Reject: Voted(replica, message.Term, message.To); break;
            case MessageKind.AppendEntriesResponse when !message.Reject: Bind(replica, message.Term); break;
        }
    }

    public override void Started(ObservedReplica replica, RaftStart start)
    {
        var term = start.HardState.Term > start.SnapshotTerm ? start.HardState.Term : start.SnapshotTerm;
        if (term < replica.BoundTo && !isDamaged(replica)) Report($"{replica} starts in term {term}, though it had spoken for term {replica.BoundTo}");
    }

    private void Voted(ObservedReplica replica, Term term, ReplicaId candidate)
    {
        Bind(replica, term);
        if (!_votes.TryAdd((replica.Group.Id, replica.Id, term), candidate) && _votes[(replica.Group.Id, replica.Id, term)] is var other && other != candidate)
            Report($"{replica} voted in term {term} for replica {other} and for replica {candidate}");
    }

    private static void Bind(ObservedReplica replica, Term term)
    {
        if (term > replica.BoundTo) replica.BoundTo = term;
    }
}
