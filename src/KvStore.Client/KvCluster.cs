using Grpc.Core;
using KvStore.Client.Internal;
using KvStore.Protocol.V1;

namespace KvStore.Client;

/// <summary>What concerns the cluster rather than keys. Thread-safe.</summary>
public sealed class KvCluster
{
    private readonly Dispatcher _dispatcher;
    private readonly KvClient _client;

    internal KvCluster(Dispatcher dispatcher, KvClient client)
    {
        _dispatcher = dispatcher;
        _client = client;
    }

    /// <summary>Fetches the cluster map: nodes, groups with their leaders as the answering node believes, and ranges.</summary>
    /// <exception cref="KvUnavailableException">No node gave it.</exception>
    public async Task<KvClusterMap> MapAsync(CancellationToken cancellationToken = default)
    {
        var failures = new List<Failure>();
        foreach (var address in _dispatcher.Topology.Candidates())
        {
            try
            {
                var map = await _dispatcher.Connections.To(address).Cluster.GetMapAsync(new GetMapRequest(), Options(cancellationToken)).ConfigureAwait(false);
                _dispatcher.Topology.Learn(map);
                return KvClusterMap.From(map);
            }
            catch (RpcException e) when (!cancellationToken.IsCancellationRequested)
            {
                failures.Add(FailureReader.Read(e, address));
            }
        }
        cancellationToken.ThrowIfCancellationRequested();
        throw FailureTranslation.ToException(failures[0], $"cluster map: {string.Join("; ", failures.Select(f => f.Message))}", KvOutcome.NotApplied);
    }

    /// <summary>Asks one node for its status.</summary>
    /// <param name="endpoint">The node's client address: <c>127.0.0.1:7101</c> or <c>http://127.0.0.1:7101</c>.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <exception cref="KvInvalidArgumentException">The endpoint is malformed.</exception>
    /// <exception cref="KvUnavailableException">The node does not answer.</exception>
    public async Task<KvNodeStatus> StatusAsync(string endpoint, CancellationToken cancellationToken = default)
    {
        var address = Endpoint.Parse(endpoint).First().Address;
        try
        {
            return KvNodeStatus.From(await _dispatcher.Connections.To(address).Cluster.StatusAsync(new StatusRequest(), Options(cancellationToken)).ConfigureAwait(false));
        }
        catch (RpcException e)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var failure = FailureReader.Read(e, address);
            throw FailureTranslation.ToException(failure, $"status: {failure.Message}", KvOutcome.NotApplied);
        }
    }

    /// <summary>Asks a group's leader to hand its leadership to another node.</summary>
    /// <param name="group">The group's id.</param>
    /// <param name="targetNode">A node with a replica of the group.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <exception cref="KvNotFoundException">There is no such group or node.</exception>
    /// <exception cref="KvUnavailableException">The group has no leader that could be asked.</exception>
    public async Task TransferLeadershipAsync(ulong group, ulong targetNode, CancellationToken cancellationToken = default)
    {
        var map = await MapAsync(cancellationToken).ConfigureAwait(false);
        var known = map.Groups.FirstOrDefault(g => g.Id == group) ?? throw new KvNotFoundException($"transfer: there is no group {group}.");
        if (map.Nodes.All(n => n.Id != targetNode)) throw new KvNotFoundException($"transfer: there is no node {targetNode}.");
        var leader = map.Nodes.FirstOrDefault(n => n.Id == known.Leader) ?? throw new KvUnavailableException($"transfer: the leader of group {group} is not known.");
        var request = new TransferLeadershipRequest { GroupId = group, TargetNode = targetNode };
        try
        {
            await _dispatcher.Connections.To(leader.ClientAddress).Cluster.TransferLeadershipAsync(request, Options(cancellationToken)).ConfigureAwait(false);
        }
        catch (RpcException e)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var failure = FailureReader.Read(e, leader.ClientAddress);
            throw FailureTranslation.ToException(failure, $"transfer: {failure.Message}", KvOutcome.Unknown);
        }
    }

    private CallOptions Options(CancellationToken cancellationToken) => new CallOptions().WithDeadline(DateTime.UtcNow + _client.Options.Timeout).WithCancellationToken(cancellationToken);
}
