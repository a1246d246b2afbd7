using KvStore.Node.Peer;
using KvStore.Node.Replicas;
using KvStore.Raft;
using KvStore.Simulation.World;

namespace KvStore.Simulation.Checks;

/// <summary>Watches the replicas of a virtual cluster: their logs as they give them to the WAL, what they apply, publish and send.</summary>
internal sealed class ReplicaWatch
{
    private readonly ReplicaBook _book;
    private readonly SortedDictionary<NodeId, List<(ObservedReplica Replica, GroupReplica Live)>> _onNode = [];

    public ReplicaWatch(VirtualCluster cluster, ReplicaBook book)
    {
        _book = book;
        foreach (var node in cluster.Nodes) _onNode.Add(node.Id, []);
        cluster.Observe = node =>
        {
            _onNode[node.Id].Clear();
            return new NodeObserver(this, node);
        };
        cluster.TurnEnded = (node, _) => AfterTurn(node);
        cluster.Network.Sent = Sent;
    }

    /// <summary>Role and commit index are read from what a replica publishes, after every turn of its node's workers.</summary>
    private void AfterTurn(VirtualNode node)
    {
        foreach (var (replica, live) in _onNode[node.Id])
        {
            var view = live.View;
            _book.Look(replica, view.Term, view.IsLeader, live.Commit);
        }
    }

    private void Sent(NodeId from, NodeId to, PeerFrame frame)
    {
        foreach (var message in frame.Messages)
            if (_book.Find(new GroupId(message.GroupId), new ReplicaId(message.From)) is { } replica)
                _book.Sent(replica, new SentMessage((MessageKind)message.Kind, new ReplicaId(message.To), new Term(message.Term), new LogIndex(message.Index), message.Reject));
    }

    private ObservedReplica ReplicaOf(GroupReplica live, VirtualNode node) =>
        _book.Find(live.Group, live.Id) ?? _book.Add(live.Group, live.Id, node.Id, () => LeaseLeft(live.Group, node));

    private TimeSpan LeaseLeft(GroupId group, VirtualNode node)
    {
        if (!node.IsUp) return TimeSpan.Zero;
        foreach (var (replica, live) in _onNode[node.Id])
            if (replica.Group.Id == group) return live.LeaseUntil - node.Clock.Now;
        return TimeSpan.Zero;
    }

    private sealed class NodeObserver(ReplicaWatch watch, VirtualNode node) : IReplicaObserver
    {
        public void Started(GroupReplica live, RaftStart start)
        {
            var replica = watch.ReplicaOf(live, node);
            watch._onNode[node.Id].Add((replica, live));
            watch._book.Started(replica, start);
        }

        public void Logged(GroupReplica live, IReadOnlyList<Entry> entries) => watch._book.Logged(watch.ReplicaOf(live, node), entries);
        public void Reset(GroupReplica live, LogIndex index, Term term) => watch.ReplicaOf(live, node).Reset(index, term);
        public void Applied(GroupReplica live, Entry entry, ulong hash) => watch._book.Applied(watch.ReplicaOf(live, node), entry.Index, hash);
        public void Switched(GroupReplica live, LogIndex applied, ulong hash) => watch._book.Applied(watch.ReplicaOf(live, node), applied, hash);
    }
}
