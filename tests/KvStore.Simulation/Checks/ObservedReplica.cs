using KvStore.Raft;

namespace KvStore.Simulation.Checks;

/// <summary>What the checks remember of one replica, through all its lives: a copy of its log, made from what it gave to its WAL.</summary>
internal sealed class ObservedReplica(ObservedGroup group, ReplicaId id, NodeId node, Func<TimeSpan> leaseLeft)
{
    private readonly List<ulong> _terms = [];

    public ObservedGroup Group => group;
    public ReplicaId Id => id;
    public NodeId Node => node;

    /// <summary>How long its leader lease still holds by its own clock; nothing when it has none or is down.</summary>
    public TimeSpan LeaseLeft => leaseLeft();

    public Term Term { get; set; }
    public bool IsLeader { get; set; }
    public LogIndex Commit { get; set; }
    public LogIndex Applied { get; set; }

    /// <summary>It has told others that its log is durable up to here.</summary>
    public LogIndex Acknowledged { get; set; }

    /// <summary>It has told others something that binds it to this term: a vote, or entries.</summary>
    public Term BoundTo { get; set; }

    /// <summary>The log begins behind this.</summary>
    public LogIndex Base { get; private set; }
    public Term BaseTerm { get; private set; }
    public LogIndex Last => Base + (ulong)_terms.Count;

    /// <summary>None where the log holds nothing.</summary>
    public Term TermAt(LogIndex index)
    {
        if (index == Base) return BaseTerm;
        return index > Base && index <= Last ? new Term(_terms[(int)(index - Base) - 1]) : Term.None;
    }

    public void Append(Entry entry)
    {
        if (entry.Index <= Last) _terms.RemoveRange((int)(entry.Index - Base) - 1, (int)(Last - entry.Index) + 1);
        _terms.Add(entry.Term.Value);
        Acknowledged = LogIndex.Min(Acknowledged, Last.Previous);
    }

    public void Reset(LogIndex index, Term term)
    {
        _terms.Clear();
        (Base, BaseTerm) = (index, term);
        Acknowledged = LogIndex.Min(Acknowledged, index);
    }

    public override string ToString() => $"replica {id} of group {group.Id} on node {node}";
}
