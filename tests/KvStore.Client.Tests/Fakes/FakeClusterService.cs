using Grpc.Core;
using KvStore.Protocol.V1;

namespace KvStore.Client.Tests.Fakes;

internal sealed class FakeClusterService(ulong id, FakeCluster cluster) : Protocol.V1.Cluster.ClusterBase
{
    public override Task<ClusterMap> GetMap(GetMapRequest request, ServerCallContext context)
    {
        cluster.OnMap?.Invoke();
        var state = cluster.State;
        var map = new ClusterMap { ClusterId = "c1", Revision = state.MapRevision, ClusterVersion = 1 };
        foreach (var (node, address) in cluster.Addresses) map.Nodes.Add(new NodeDescriptor { NodeId = node, ClientAddress = address });
        foreach (var group in state.Ranges.Select(r => r.Group).Distinct().Order())
        {
            var descriptor = new GroupDescriptor { GroupId = group, LeaderNode = cluster.HidesLeaders ? 0 : state.LeaderOf(group), Term = state.TermOf(group) };
            foreach (var node in cluster.Addresses.Keys) descriptor.Replicas.Add(new ReplicaDescriptor { ReplicaId = (group * 10) + node, NodeId = node });
            map.Groups.Add(descriptor);
        }
        foreach (var range in state.Ranges) map.Ranges.Add(range.Clone());
        return Task.FromResult(map);
    }

    public override Task<StatusResponse> Status(StatusRequest request, ServerCallContext context) => Task.FromResult(new StatusResponse { NodeId = id, Version = "test", Ready = true, ClusterId = "c1", UptimeMs = 5 });

    public override Task<TransferLeadershipResponse> TransferLeadership(TransferLeadershipRequest request, ServerCallContext context)
    {
        cluster.State.Lead(request.GroupId, request.TargetNode);
        return Task.FromResult(new TransferLeadershipResponse());
    }
}
