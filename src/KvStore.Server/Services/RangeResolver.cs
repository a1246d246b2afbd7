using KvStore.Node;
using KvStore.Protocol.V1;
using ClusterMap = KvStore.Node.Placement.ClusterMap;
using Colocation = KvStore.Node.Placement.Colocation;
using RangeDescriptor = KvStore.Node.Placement.RangeDescriptor;

namespace KvStore.Server.Services;

/// <summary>Finds the range that a request speaks of and refuses a stale route with the new descriptor.</summary>
internal sealed class RangeResolver(KvNode node)
{
    public ClusterMap Map => node.Map ?? throw new NodeException(new NodeError(NodeErrorCode.Unavailable, "the cluster has not finished its first start") { RetryAfter = TimeSpan.FromMilliseconds(100) });

    /// <exception cref="NodeException">Unknown keyspace, stale route, or a key outside the route's range.</exception>
    public RangeDescriptor Resolve(string keyspace, ReadOnlySpan<byte> key, Route? route)
    {
        var map = Map;
        if (route is not null)
        {
            var routed = Find(map, route.RangeId, route.Epoch);
            if (routed.Contains(key)) return routed;
            throw new NodeException(Stale(map, routed, route.RangeId, route.Epoch, key));
        }

        var name = keyspace.Length == 0 ? "default" : keyspace;
        var found = map.FindKeyspace(name) ?? throw new NodeException(new NodeError(NodeErrorCode.NotFound, $"keyspace: there is no '{name}'"));
        return map.Resolve(found.Id, key) ?? throw new NodeException(new NodeError(NodeErrorCode.Internal, $"keyspace '{name}' has no range for the key"));
    }

    /// <summary>Null when this node does not know the range.</summary>
    public Colocation? ColocationOf(ulong range) => node.Map?.Find(new RangeId(range))?.Colocation;

    /// <exception cref="NodeException">There is no such range at that epoch.</exception>
    public RangeDescriptor Find(ulong range, ulong epoch) => Find(Map, range, epoch);

    private static RangeDescriptor Find(ClusterMap map, ulong range, ulong epoch)
    {
        var found = map.Find(new RangeId(range));
        if (found is not null && found.Epoch == epoch) return found;
        throw new NodeException(Stale(map, found, range, epoch, default));
    }

    private static NodeError Stale(ClusterMap map, RangeDescriptor? found, ulong range, ulong epoch, ReadOnlySpan<byte> key)
    {
        var owner = found is null || key.IsEmpty ? found : map.Resolve(found.Keyspace, key);
        return new NodeError(NodeErrorCode.EpochNotMatch, found is null ? $"route: there is no range {range}" : $"route: range {range} at epoch {epoch} does not hold this key now") { Range = owner };
    }
}
