using KvStore.Raft;

namespace KvStore.Simulation.Checks;

/// <summary>What is committed stays: all replicas commit the same, none goes back, and none drops from its log an entry that is committed.</summary>
internal sealed class CommittedPrefixCheck(Findings findings) : ReplicaCheck("committed prefix", findings)
{
    public override void Committed(ObservedReplica replica, LogIndex commit)
    {
        var group = replica.Group;
        if (commit < replica.Commit) Report($"{replica} goes back from commit {replica.Commit} to {commit}");
        for (var index = LogIndex.Max(replica.Commit, replica.Base).Next; index <= commit; index = index.Next)
        {
            var term = replica.TermAt(index);
            if (term == Term.None) return;
            if (index <= group.Committed) Compare(replica, index, term);
            else if (index == group.Committed.Next) group.Commit(term, replica.Term);
        }
    }

    public override void Logging(ObservedReplica replica, IReadOnlyList<Entry> entries)
    {
        var (group, first) = (replica.Group, entries[0].Index);
        if (first > replica.Last || first <= replica.Base) return;
        for (var index = first; index <= LogIndex.Min(replica.Last, group.Committed); index = index.Next)
        {
            if (replica.TermAt(index) != group.CommittedTermAt(index)) return;
            var offset = (int)(index - first);
            if (offset < entries.Count && entries[offset].Term == replica.TermAt(index)) continue;
            Report($"{replica} drops entry {index} of term {replica.TermAt(index)}, which is committed");
            return;
        }
    }

    private void Compare(ObservedReplica replica, LogIndex index, Term term)
    {
        var committed = replica.Group.CommittedTermAt(index);
        if (committed != term) Report($"{replica} commits entry {index} of term {term}; elsewhere the one of term {committed} was committed");
    }
}
