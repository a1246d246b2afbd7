using KvStore.Raft.Replication;

namespace KvStore.Raft.Roles;

/// <summary>What pre-candidates and candidates have in common: they ask all voters and count.</summary>
internal abstract class Campaigner(Replica replica) : Role(replica)
{
    private readonly Ballot _ballot = new(replica.Configuration);
    private MonotonicTime _askAgain = replica.Now + replica.Options.HeartbeatInterval;

    /// <summary>Asks those who have not granted: at first all, later those whose answer got lost or who were bound by a promise (paper §5.1: servers retry).</summary>
    protected virtual void AskAll()
    {
        foreach (var member in Replica.Configuration.Members())
            if (member != Replica.Self && Replica.Configuration.IsVoter(member) && !_ballot.HasGranted(member)) Ask(member);
    }

    protected abstract void Ask(ReplicaId voter);

    protected RaftMessage Request(MessageKind kind, ReplicaId voter, Term term, bool transfer) =>
        new() { Kind = kind, From = Replica.Self, To = voter, Term = term, Index = Log.Last, LogTerm = Log.LastTerm, Transfer = transfer };

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
        else if (Replica.Now >= _askAgain)
        {
            _askAgain = Replica.Now + Replica.PauseBeforeAskingAgain();
            AskAll();
        }
    }

    /// <summary>Somebody else won this term.</summary>
    protected override void OnLeaderMessage(RaftMessage message)
    {
        Replica.BecomeFollower(Replica.Term, message.From);
        Replica.Role.Step(message);
    }
}
