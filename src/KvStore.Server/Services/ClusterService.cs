using Google.Protobuf;
using Grpc.Core;
using KvStore.Node;
using KvStore.Node.Time;
using KvStore.Protocol.V1;
using KvStore.Raft;
using V1 = KvStore.Protocol.V1;

namespace KvStore.Server.Services;

/// <summary>kvstore.v1.Cluster: the map, this node's status, leadership transfer.</summary>
internal sealed class ClusterService(KvNode node, RangeResolver ranges, Forwarder forwarder, ITimeSource time) : V1.Cluster.ClusterBase
{
    private readonly MonotonicTime _started = time.Now;

    public override Task<V1.ClusterMap> GetMap(GetMapRequest request, ServerCallContext context)
    {
        if (node.Map is not { } map) throw Errors.ToRpc(new NodeError(NodeErrorCode.Unavailable, "the cluster has not finished its first start"));
        var answer = new V1.ClusterMap { ClusterId = Convert.ToHexStringLower(map.ClusterId.Span), Revision = map.Revision, ClusterVersion = map.ClusterVersion };
        foreach (var n in map.Nodes) answer.Nodes.Add(new V1.NodeDescriptor { NodeId = n.Id.Value, ClientAddress = n.ClientAddress, PeerAddress = n.PeerAddress, Zone = n.Zone });
        foreach (var g in map.Groups)
        {
            var group = new V1.GroupDescriptor { GroupId = g.Id.Value, LeaderNode = node.LeaderOf(g.Id).Value, Term = node.TermOf(g.Id).Value };
            foreach (var r in g.Replicas) group.Replicas.Add(new V1.ReplicaDescriptor { ReplicaId = r.Id.Value, NodeId = r.Node.Value, Learner = r.Kind == Node.Placement.ReplicaKind.Learner });
            answer.Groups.Add(group);
        }

        foreach (var r in map.Ranges) answer.Ranges.Add(Errors.ToProto(r, map));
        return Task.FromResult(answer);
    }

    public override Task<StatusResponse> Status(StatusRequest request, ServerCallContext context)
    {
        var status = node.Status();
        var answer = new StatusResponse
        {
            NodeId = status.Id.Value,
            Version = typeof(ClusterService).Assembly.GetName().Version!.ToString(3),
            Ready = status.NotReadyReason is null,
            NotReadyReason = status.NotReadyReason ?? "",
            WalBytes = (ulong)status.WalBytes,
            UptimeMs = (ulong)(time.Now - _started).TotalMilliseconds,
            ClusterId = Convert.ToHexStringLower(status.ClusterId.Span),
        };
        foreach (var r in status.Replicas)
        {
            var hash = new byte[8];
            System.Buffers.Binary.BinaryPrimitives.WriteUInt64LittleEndian(hash, r.StateHash);
            answer.Replicas.Add(new V1.ReplicaStatus
            {
                GroupId = r.Group.Value,
                ReplicaId = r.Replica.Value,
                Role = r.StoppedReason is not null ? "stopped" : RoleName(r.Role),
                Term = r.Term.Value,
                LeaderNode = r.Leader.Value,
                CommitIndex = r.Commit.Value,
                AppliedIndex = r.Applied.Value,
                LastIndex = r.Last.Value,
                FirstIndex = r.First.Value,
                Keys = (ulong)r.Keys,
                StateHash = UnsafeByteOperations.UnsafeWrap(hash),
                StoppedReason = r.StoppedReason ?? "",
                Sessions = (ulong)r.Sessions,
            });
        }

        return Task.FromResult(answer);
    }

    public override async Task<TransferLeadershipResponse> TransferLeadership(TransferLeadershipRequest request, ServerCallContext context)
    {
        var group = new GroupId(request.GroupId);
        var target = new NodeId(request.TargetNode);
        var replicas = ranges.Map.Find(group)?.Replicas ?? throw Errors.ToRpc(new NodeError(NodeErrorCode.NotFound, $"group_id: there is no group {group}"));
        if (replicas.All(r => r.Node != target)) throw Errors.ToRpc(new NodeError(NodeErrorCode.NotFound, $"target_node: node {target} has no replica of group {group}"));
        if (node.Leads(group))
        {
            if (target != node.Id && !node.TransferLeadership(group, target)) throw Errors.ToRpc(new NodeError(NodeErrorCode.Unavailable, $"leadership of group {group} cannot be transferred now"));
            return new TransferLeadershipResponse();
        }

        var leader = node.LeaderOf(group);
        if (Forwarder.IsForwarded(context) || forwarder.ClusterClientOf(leader) is not { } client)
            throw Errors.ToRpc(new NodeError(NodeErrorCode.NotLeader, $"this node does not lead group {group}") { LeaderNode = leader });
        return await client.TransferLeadershipAsync(request, Forwarder.Options(context)).ResponseAsync.ConfigureAwait(false);
    }

    private static string RoleName(RaftRole role) => role switch
    {
        RaftRole.Leader => "leader",
        RaftRole.Follower => "follower",
        RaftRole.Candidate => "candidate",
        RaftRole.PreCandidate => "pre-candidate",
        _ => throw new ArgumentOutOfRangeException(nameof(role)),
    };
}
