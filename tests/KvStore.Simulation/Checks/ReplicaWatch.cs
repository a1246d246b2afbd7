using KvStore.Node.Peer;
using KvStore.Node.Replicas;
using KvStore.Raft;
using KvStore.Simulation.World;

namespace KvStore.Simulation.Checks;

/// <summary>Watches the replicas of a virtual cluster: their logs as they give them to the WAL, what they apply, publish and send.</summary>
internal sealed class ReplicaWatch
{
    private readonly ReplicaBook _book;
    /// <summary>By the node's id; only looked up.</summary>
    private readonly List<(ObservedReplica Replica, GroupReplica Live)>[] _onNode;

    public ReplicaWatch(VirtualCluster cluster, ReplicaBook book)
    {
        _book = book;
        _onNode = [.. Enumerable.Range(0, cluster.Nodes.Count + 1).Select(_ => new List<(ObservedReplica, GroupReplica)>())];
        cluster.Observe = node =>
        {
            _onNode[(int)node.Id.Value].Clear();
            return new NodeObserver(this, node);
        };
        cluster.TurnEnded = (node, _) => AfterTurn(node);
        cluster.Network.Sent = Sent;
    }

    /// <summary>Role and commit index are read from what a replica publishes, after every turn of its node's workers.</summary>
    private void AfterTurn(VirtualNode node)
    {
        foreach (var (replica, live) in _onNode[(int)node.Id.Value])
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

    private ObservedReplica ReplicaOf(GroupReplica live, VirtualNode node) => _book.Find(live.Group, live.Id) ?? Add(live.Group, live.Id, node);

    private ObservedReplica Add(GroupId group, ReplicaId replica, VirtualNode node) => _book.Add(group, replica, node.Id, () => LeaseLeft(group, node));

    private TimeSpan LeaseLeft(GroupId group, VirtualNode node)
    {
        if (!node.IsUp) return TimeSpan.Zero;
        foreach (var (replica, live) in _onNode[(int)node.Id.Value])
            if (replica.Group.Id == group) return live.LeaseUntil - node.Clock.Now;
        return TimeSpan.Zero;
    }

    private sealed class NodeObserver(ReplicaWatch watch, VirtualNode node) : IReplicaObserver
    {
        public void Started(GroupReplica live, RaftStart start)
        {
            var replica = watch.ReplicaOf(live, node);
            watch._onNode[(int)node.Id.Value].Add((replica, live));
            watch._book.Started(replica, start);
        }

        public void Logged(GroupReplica live, IReadOnlyList<Entry> entries) => watch._book.Logged(watch.ReplicaOf(live, node), entries);
        public void Reset(GroupReplica live, LogIndex index, Term term) => watch.ReplicaOf(live, node).Reset(index, term);
        public void Applied(GroupReplica live, Entry entry, ulong hash) => watch._book.Applied(watch.ReplicaOf(live, node), entry.Index, hash);
        public void Switched(GroupReplica live, LogIndex applied, ulong hash) => watch._book.Applied(watch.ReplicaOf(live, node), applied, hash);
    }
}
