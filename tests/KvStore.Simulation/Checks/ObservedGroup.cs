using KvStore.Raft;

namespace KvStore.Simulation.Checks;

/// <summary>What the checks remember of one group: what was ever committed, and by when.</summary>
internal sealed class ObservedGroup(GroupId id)
{
    private readonly List<(ulong Term, ulong SeenIn)> _committed = [];

    public GroupId Id => id;
    public SortedDictionary<ReplicaId, ObservedReplica> Replicas { get; } = [];
    public LogIndex Committed => new((ulong)_committed.Count);

    /// <summary>The term of the entry that was committed at an index.</summary>
    public Term CommittedTermAt(LogIndex index) => new(_committed[(int)index.Value - 1].Term);

    /// <summary>The term of the replica that was the first to know that the entry is committed: it was committed in that term or before.</summary>
    public Term CommittedIn(LogIndex index) => new(_committed[(int)index.Value - 1].SeenIn);

    public void Commit(Term term, Term seenIn) => _committed.Add((term.Value, seenIn.Value));
}
