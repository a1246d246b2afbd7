using KvStore.Raft.Replication;

namespace KvStore.Raft.Roles;

/// <summary>What pre-candidates and candidates have in common: they ask all voters and count.</summary>
internal abstract class Campaigner(Replica replica) : Role(replica)
{
    private readonly Ballot _ballot = new(replica.Configuration);

    protected void Ask(MessageKind kind, Term term, bool transfer, bool afterSync)
    {
        foreach (var member in Replica.Configuration.Members())
        {
            if (member == Replica.Self || !Replica.Configuration.IsVoter(member)) continue;
            var request = new RaftMessage { Kind = kind, From = Replica.Self, To = member, Term = term, Index = Log.Last, LogTerm = Log.LastTerm, Transfer = transfer };
            if (afterSync) Replica.Outbox.SendAfterSync(request);
            else Replica.Outbox.Send(request);
        }
    }

    protected void Count(ReplicaId replica, bool granted)
    {
        _ballot.Record(replica, granted);
        switch (_ballot.Outcome)
        {
            case VoteOutcome.Won: OnWon(); break;
            case VoteOutcome.Lost: Replica.BecomeFollower(Replica.Term, ReplicaId.None); break;
            default: break;
        }
    }

    protected abstract void OnWon();

    public override void Tick()
    {
        if (Replica.Now >= Replica.ElectionDue) Campaign();
    }

    /// <summary>Somebody else won this term.</summary>
    protected override void OnLeaderMessage(RaftMessage message)
    {
        Replica.BecomeFollower(Replica.Term, message.From);
        Replica.Role.Step(message);
    }
}
