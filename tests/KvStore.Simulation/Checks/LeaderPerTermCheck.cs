using KvStore.Raft;

namespace KvStore.Simulation.Checks;

/// <summary>At most one leader in a term (paper §5.2).</summary>
internal sealed class LeaderPerTermCheck(Findings findings) : ReplicaCheck("one leader a term", findings)
{
    private readonly Dictionary<(GroupId, Term), ReplicaId> _leaders = [];

    public override void BecameLeader(ObservedReplica replica, Term term)
    {
        if (!_leaders.TryAdd((replica.Group.Id, term), replica.Id) && _leaders[(replica.Group.Id, term)] is var other && other != replica.Id)
            Report($"{replica} leads in term {term}, as replica {other} did");
    }
}
