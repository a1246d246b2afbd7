using KvStore.Raft;

namespace KvStore.Simulation.Checks;

/// <summary>Keeps the copies of all replicas' logs, and tells the checks what happens, each thing in its order with the copies.</summary>
internal sealed class ReplicaBook(IReadOnlyList<ReplicaCheck> checks)
{
    private readonly ReplicaCheck[] _checks = [.. checks];
    private readonly SortedDictionary<GroupId, ObservedGroup> _groups = [];
    /// <summary>Only looked up: every message is.</summary>
    private readonly Dictionary<(GroupId, ReplicaId), ObservedReplica> _replicas = [];

    /// <summary>How often some replica became the leader of its group.</summary>
    public long Leaderships { get; private set; }

    public ObservedGroup GroupOf(GroupId id)
    {
        if (!_groups.TryGetValue(id, out var group)) _groups.Add(id, group = new ObservedGroup(id));
        return group;
    }

    public ObservedReplica? Find(GroupId group, ReplicaId replica) => _replicas.GetValueOrDefault((group, replica));

    public ObservedReplica Add(GroupId id, ReplicaId replica, NodeId node, Func<TimeSpan> leaseLeft)
    {
        var group = GroupOf(id);
        var added = new ObservedReplica(group, replica, node, leaseLeft);
        group.Replicas.Add(replica, added);
        _replicas.Add((id, replica), added);
        return added;
    }

    public void Started(ObservedReplica replica, RaftStart start)
    {
        (replica.IsLeader, replica.Commit) = (false, LogIndex.None);
        foreach (var check in _checks) check.Started(replica, start);
        var acknowledged = replica.Acknowledged;
        replica.Reset(start.SnapshotIndex, start.SnapshotTerm);
        foreach (var entry in start.Entries) replica.Append(entry);
        replica.Acknowledged = LogIndex.Min(acknowledged, replica.Last);
    }

    public void Logged(ObservedReplica replica, IReadOnlyList<Entry> entries)
    {
        foreach (var check in _checks) check.Logging(replica, entries);
        foreach (var entry in entries) replica.Append(entry);
    }

    /// <summary>What the replica now shows of itself.</summary>
    public void Look(ObservedReplica replica, Term term, bool isLeader, LogIndex commit)
    {
        var isNew = isLeader && (!replica.IsLeader || term != replica.Term);
        (replica.Term, replica.IsLeader) = (term, isLeader);
        if (isNew)
        {
            Leaderships++;
            foreach (var check in _checks) check.BecameLeader(replica, term);
        }
        if (commit == replica.Commit) return;
        foreach (var check in _checks) check.Committed(replica, commit);
        replica.Commit = commit;
    }

    public void Applied(ObservedReplica replica, LogIndex index, ulong hash)
    {
        foreach (var check in _checks) check.Applied(replica, index, hash);
        replica.Applied = index;
    }

    public void Sent(ObservedReplica replica, in SentMessage message)
    {
        foreach (var check in _checks) check.Sent(replica, message);
    }
}
