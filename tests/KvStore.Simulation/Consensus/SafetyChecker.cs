using KvStore.Raft;

namespace KvStore.Simulation.Consensus;

/// <summary>The properties of paper figure 3, checked from outside after every step.</summary>
internal sealed class SafetyChecker(IEnumerable<SimulatedReplica> replicas)
{
    private readonly Dictionary<Term, ReplicaId> _leaders = [];
    private readonly List<Entry> _committed = [];
    private readonly Dictionary<(Term, ReplicaId), ReplicaId> _votes = [];

    /// <summary>The highest index that any replica knows to be committed.</summary>
    public LogIndex CommitMax { get; private set; }

    public int LeadersSeen => _leaders.Count;

    public LogIndex AppliedMax => new((ulong)_committed.Count);

    public void Observe(SimulatedReplica replica)
    {
        var node = replica.Node;
        CommitMax = LogIndex.Max(CommitMax, node.Commit);
        ObserveVote(replica);
        ObserveApplied(replica);
        if (node.Role == RaftRole.Leader) ObserveLeader(replica);
    }

    private void ObserveVote(SimulatedReplica replica)
    {
        var state = replica.DurableState;
        if (state.Vote == ReplicaId.None) return;
        if (!_votes.TryAdd((state.Term, replica.Id), state.Vote))
            Check.That(_votes[(state.Term, replica.Id)] == state.Vote, $"replica {replica.Id} voted for {_votes[(state.Term, replica.Id)]} and for {state.Vote} in term {state.Term}");
    }

    /// <summary>State machine safety: no two replicas apply different entries at an index.</summary>
    private void ObserveApplied(SimulatedReplica replica)
    {
        foreach (var entry in replica.Applied)
        {
            var at = (int)entry.Index.Value - 1;
            if (at == _committed.Count) _committed.Add(entry);
            else
            {
                Check.That(at < _committed.Count, $"replica {replica.Id} applied {entry.Index} before {_committed.Count + 1} was applied anywhere");
                Check.That(Same(_committed[at], entry), $"replica {replica.Id} applied {entry}, others {_committed[at]}");
            }
        }
        replica.Applied.Clear();
    }

    private void ObserveLeader(SimulatedReplica leader)
    {
        var term = leader.Node.Term;
        if (!_leaders.TryAdd(term, leader.Id))
        {
            Check.That(_leaders[term] == leader.Id, $"election safety: {_leaders[term]} and {leader.Id} lead term {term}");
            return;
        }
        // Leader completeness: what was applied anywhere before this election is in the new leader's log.
        for (var i = leader.Node.FirstIndex; i <= AppliedMax; i = i.Next)
        {
            if (_committed[(int)i.Value - 1].Term >= term) break;
            Check.That(leader.Node.TermAt(i) == _committed[(int)i.Value - 1].Term, $"leader {leader.Id} of term {term} lacks committed entry {i}");
        }
    }

    /// <summary>Log matching over all durable logs.</summary>
    public void CheckLogs()
    {
        Dictionary<(LogIndex, Term), Entry> entries = [];
        foreach (var entry in replicas.SelectMany(r => r.Disk.Entries))
            if (!entries.TryAdd((entry.Index, entry.Term), entry))
                Check.That(Same(entries[(entry.Index, entry.Term)], entry), $"log matching: two entries {entry}");
    }

    private static bool Same(Entry a, Entry b) =>
        ReferenceEquals(a, b) || (a.Index == b.Index && a.Term == b.Term && a.Kind == b.Kind && a.Payload.Span.SequenceEqual(b.Payload.Span));
}
