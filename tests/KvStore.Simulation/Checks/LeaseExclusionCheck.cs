using KvStore.Raft;

namespace KvStore.Simulation.Checks;

/// <summary>While a leader lease holds, by its holder's own clock, nobody else becomes leader of the group. Only while clocks keep their bound.</summary>
internal sealed class LeaseExclusionCheck(Findings findings) : ReplicaCheck("leader lease", findings)
{
    public override void BecameLeader(ObservedReplica replica, Term term)
    {
        foreach (var other in replica.Group.Replicas.Values)
        {
            // Of a leader that stood still from its election on the end of the turn is seen late: one of a greater term may lead by then.
            if (other != replica && other.Term < term && other.LeaseLeft is var left && left > TimeSpan.Zero) Report($"{replica} leads in term {term}, while {other} still has a lease for {left.TotalMilliseconds} ms");
        }
    }
}
