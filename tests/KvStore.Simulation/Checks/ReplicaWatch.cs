using KvStore.Node.Peer;
using KvStore.Node.Replicas;
using KvStore.Raft;
using KvStore.Simulation.World;

namespace KvStore.Simulation.Checks;

/// <summary>Keeps the copies of all replicas' logs and tells the checks what happens.</summary>
internal sealed class ReplicaWatch
{
    private readonly ReplicaCheck[] _checks;
    private readonly SortedDictionary<GroupId, ObservedGroup> _groups = [];
    private readonly SortedDictionary<NodeId, List<ObservedReplica>> _onNode = [];

    public ReplicaWatch(VirtualCluster cluster, IReadOnlyList<ReplicaCheck> checks)
    {
        _checks = [.. checks];
        cluster.Observe = node => new NodeObserver(this, node);
        cluster.TurnEnded = (node, _) => AfterTurn(node);
        cluster.Network.Sent = Sent;
    }

    /// <summary>Role and commit index are read from what a replica publishes, after every turn of its node's workers.</summary>
    private void AfterTurn(VirtualNode node)
    {
        if (!_onNode.TryGetValue(node.Id, out var replicas)) return;
        foreach (var replica in replicas)
            if (replica.Live is { } live) Look(replica, live);
    }

    private void Look(ObservedReplica replica, GroupReplica live)
    {
        var view = live.View;
        if (!ReferenceEquals(view, replica.View))
        {
            var isNew = view.IsLeader && (replica.View is not { IsLeader: true } before || before.Term != view.Term);
            replica.View = view;
            if (isNew)
                foreach (var check in _checks) check.BecameLeader(replica, view.Term);
        }
        var commit = live.Commit;
        if (commit == replica.Commit) return;
        foreach (var check in _checks) check.Committed(replica, commit);
        replica.Commit = commit;
    }

    private void Sent(NodeId from, NodeId to, PeerFrame frame)
    {
        foreach (var message in frame.Messages)
        {
            if (!_groups.TryGetValue(new GroupId(message.GroupId), out var group) || !group.Replicas.TryGetValue(new ReplicaId(message.From), out var replica)) continue;
            foreach (var check in _checks) check.Sent(replica, message);
        }
    }

    private ObservedReplica Find(GroupReplica live, VirtualNode node)
    {
        if (!_groups.TryGetValue(live.Group, out var group)) _groups.Add(live.Group, group = new ObservedGroup(live.Group));
        if (group.Replicas.TryGetValue(live.Id, out var replica)) return replica;
        group.Replicas.Add(live.Id, replica = new ObservedReplica(group, live.Id, node));
        if (!_onNode.TryGetValue(node.Id, out var replicas)) _onNode.Add(node.Id, replicas = []);
        replicas.Add(replica);
        return replica;
    }

    private sealed class NodeObserver(ReplicaWatch watch, VirtualNode node) : IReplicaObserver
    {
        public void Started(GroupReplica live, RaftStart start)
        {
            var replica = watch.Find(live, node);
            (replica.View, replica.Commit) = (null, LogIndex.None);
            foreach (var check in watch._checks) check.Started(replica, start);
            replica.Live = live;
            var acknowledged = replica.Acknowledged;
            replica.Reset(start.SnapshotIndex, start.SnapshotTerm);
            foreach (var entry in start.Entries) replica.Append(entry);
            replica.Acknowledged = LogIndex.Min(acknowledged, replica.Last);
        }

        public void Logged(GroupReplica live, IReadOnlyList<Entry> entries)
        {
            var replica = watch.Find(live, node);
            foreach (var check in watch._checks) check.Logging(replica, entries);
            foreach (var entry in entries) replica.Append(entry);
        }

        public void Reset(GroupReplica live, LogIndex index, Term term) => watch.Find(live, node).Reset(index, term);

        public void Applied(GroupReplica live, Entry entry, ulong hash) => ApplyTo(live, entry.Index, hash);

        public void Switched(GroupReplica live, LogIndex applied, ulong hash) => ApplyTo(live, applied, hash);

        private void ApplyTo(GroupReplica live, LogIndex index, ulong hash)
        {
            var replica = watch.Find(live, node);
            foreach (var check in watch._checks) check.Applied(replica, index, hash);
            replica.Applied = index;
        }
    }
}
