using KvStore.Protocol.V1;

namespace KvStore.Client;

/// <summary>The cluster as the answering node knows it.</summary>
/// <param name="ClusterId">Hexadecimal.</param>
/// <param name="Revision">Grows with every change of the map.</param>
/// <param name="ClusterVersion">The feature level that all nodes support.</param>
/// <param name="Nodes">By id.</param>
/// <param name="Groups">By id.</param>
/// <param name="Ranges">By keyspace and start.</param>
public sealed record KvClusterMap(string ClusterId, ulong Revision, int ClusterVersion, IReadOnlyList<KvNode> Nodes, IReadOnlyList<KvGroup> Groups, IReadOnlyList<KvRangePlace> Ranges)
{
    internal static KvClusterMap From(ClusterMap map) => new(
        map.ClusterId,
        map.Revision,
        (int)map.ClusterVersion,
        [.. map.Nodes.OrderBy(n => n.NodeId).Select(n => new KvNode(n.NodeId, n.ClientAddress, n.PeerAddress, n.Zone))],
        [.. map.Groups.OrderBy(g => g.GroupId).Select(g => new KvGroup(g.GroupId, g.LeaderNode, g.Term, [.. g.Replicas.Select(r => new KvReplica(r.ReplicaId, r.NodeId, r.Learner ? KvReplicaKind.Learner : KvReplicaKind.Voter))]))],
        [.. map.Ranges.Select(r => new KvRangePlace(r.RangeId, r.Epoch, r.Group, r.Keyspace, new KvRange(new KvBytes(r.Start.Memory), new KvBytes(r.End.Memory))))
            .OrderBy(r => r.Keyspace, StringComparer.Ordinal).ThenBy(r => Convert.ToHexString(r.Keys.Start.Memory.Span), StringComparer.Ordinal)]);
}

/// <summary>One server process.</summary>
/// <param name="Id">Its id.</param>
/// <param name="ClientAddress">Where it serves clients, as <c>host:port</c>.</param>
/// <param name="PeerAddress">Where it serves other nodes.</param>
/// <param name="Zone">What it shares fate with; may be empty.</param>
public sealed record KvNode(ulong Id, string ClientAddress, string PeerAddress, string Zone);

/// <summary>One Raft group.</summary>
/// <param name="Id">Its id; 0 is the meta group.</param>
/// <param name="Leader">The leading node as far as is known; 0: unknown.</param>
/// <param name="Term">The Raft term of that knowledge.</param>
/// <param name="Replicas">Its replicas.</param>
public sealed record KvGroup(ulong Id, ulong Leader, ulong Term, IReadOnlyList<KvReplica> Replicas);

/// <summary>One group's copy on one node.</summary>
/// <param name="Id">Its id, never reused.</param>
/// <param name="Node">The node that keeps it.</param>
/// <param name="Kind">Whether it votes.</param>
public sealed record KvReplica(ulong Id, ulong Node, KvReplicaKind Kind);

/// <summary>Whether a replica votes.</summary>
public enum KvReplicaKind
{
    /// <summary>It counts for quorums.</summary>
    Voter,
    /// <summary>It only follows.</summary>
    Learner,
}

/// <summary>One range and the group that owns it.</summary>
/// <param name="Id">The range's id.</param>
/// <param name="Epoch">Grows whenever the range changes its borders or its group.</param>
/// <param name="Group">The owner.</param>
/// <param name="Keyspace">The keyspace that it is a part of.</param>
/// <param name="Keys">Its keys.</param>
public sealed record KvRangePlace(ulong Id, ulong Epoch, ulong Group, string Keyspace, KvRange Keys);
