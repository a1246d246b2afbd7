using System.Collections.Concurrent;
using Grpc.Core;
using Grpc.Net.Client;
using KvStore.Node;
using KvStore.Raft;
using KvStore.Server.Grpc;
using V1 = KvStore.Protocol.V1;

namespace KvStore.Server.Services;

/// <summary>Passes a unary request on to the node that leads its range: once, never twice, so that two nodes with stale beliefs cannot play ball.</summary>
internal sealed class Forwarder(KvNode node) : IDisposable
{
    private const string Header = "kvstore-forwarded";
    private readonly ConcurrentDictionary<string, GrpcChannel> _channels = new(StringComparer.Ordinal);

    /// <summary>Asked of every call: looks at the one header instead of making metadata of all.</summary>
    public static bool IsForwarded(ServerCallContext context) =>
        context is HttpServerCallContext call ? call.HttpContext.Request.Headers.ContainsKey(Header) : context.RequestHeaders.GetValue(Header) is not null;

    /// <summary>A client of the node, or null when its address is not known.</summary>
    public V1.Kv.KvClient? ClientOf(NodeId leader) => ChannelOf(leader) is { } channel ? new V1.Kv.KvClient(channel) : null;

    public V1.Cluster.ClusterClient? ClusterClientOf(NodeId other) => ChannelOf(other) is { } channel ? new V1.Cluster.ClusterClient(channel) : null;

    public V1.Locking.Lock.LockClient? LockClientOf(NodeId other) => ChannelOf(other) is { } channel ? new V1.Locking.Lock.LockClient(channel) : null;

    public V1.Locking.Election.ElectionClient? ElectionClientOf(NodeId other) => ChannelOf(other) is { } channel ? new V1.Locking.Election.ElectionClient(channel) : null;

    public V1.Lease.LeaseClient? LeaseClientOf(NodeId leader) => ChannelOf(leader) is { } channel ? new V1.Lease.LeaseClient(channel) : null;

    public static CallOptions Options(ServerCallContext context) => new(
        new Metadata { { Header, "1" } },
        context.Deadline == DateTime.MaxValue ? null : context.Deadline,
        context.CancellationToken);

    public void Dispose()
    {
        foreach (var channel in _channels.Values) channel.Dispose();
    }

    private GrpcChannel? ChannelOf(NodeId id) =>
        node.Map?.Find(id) is { } descriptor
            ? _channels.GetOrAdd(descriptor.ClientAddress, static address => GrpcChannel.ForAddress($"http://{address}"))
            : null;
}
