using KvStore.Raft;
using KvStore.Simulation.World;

namespace KvStore.Simulation.Checks;

/// <summary>If two logs hold an entry of the same index and term, they are the same up to it (paper §5.3): the entry is the same, and so is the term of the one before it.</summary>
internal sealed class LogMatchingCheck(Findings findings) : ReplicaCheck("log matching", findings)
{
    private readonly Dictionary<(GroupId, LogIndex, Term), (Term Before, ulong Content)> _entries = [];

    public override void Logging(ObservedReplica replica, IReadOnlyList<Entry> entries)
    {
        var first = entries[0].Index;
        if (first > replica.Last.Next || first <= replica.Base) Report($"{replica} logs entry {first}, though its log holds {replica.Base.Next} to {replica.Last}");
        var before = replica.TermAt(first.Previous);
        foreach (var entry in entries)
        {
            var found = (before, TraceLog.HashOf(entry.Payload.Span) ^ (ulong)entry.Kind);
            if (!_entries.TryAdd((replica.Group.Id, entry.Index, entry.Term), found) && _entries[(replica.Group.Id, entry.Index, entry.Term)] is var other && other != found)
                Report($"{replica} logs entry {entry.Index} of term {entry.Term}, which is another one elsewhere ({(other.Before == before ? "its content differs" : $"the entry before it is of term {before} here and of term {other.Before} there")})");
            before = entry.Term;
        }
    }
}
