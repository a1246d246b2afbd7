using KvStore.Raft;

namespace KvStore.Simulation.Checks;

/// <summary>A leader's log holds every entry that was committed in earlier terms (paper §5.4).</summary>
internal sealed class LeaderCompletenessCheck(Findings findings) : ReplicaCheck("leader completeness", findings)
{
    public override void BecameLeader(ObservedReplica replica, Term term)
    {
        var group = replica.Group;
        for (var index = group.Committed; index > replica.Base; index = index.Previous)
        {
            if (group.CommittedIn(index) >= term || replica.TermAt(index) == group.CommittedTermAt(index)) continue;
            Report($"{replica} leads in term {term} without entry {index} of term {group.CommittedTermAt(index)}, which was committed before");
            return;
        }
    }
}
