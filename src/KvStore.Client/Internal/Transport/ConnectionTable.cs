using System.Collections.Concurrent;

namespace KvStore.Client.Internal.Transport;

/// <summary>The connections of a client, one per node address, made when first wanted. Thread-safe.</summary>
internal sealed class ConnectionTable(Func<string, NodeConnection> create)
{
    private readonly ConcurrentDictionary<string, Lazy<NodeConnection>> _connections = new(StringComparer.Ordinal);

    public IEnumerable<NodeConnection> Made => _connections.Values.Where(c => c.IsValueCreated).Select(c => c.Value);

    public NodeConnection To(string address) =>
        _connections.TryGetValue(address, out var known) ? known.Value : _connections.GetOrAdd(address, a => new Lazy<NodeConnection>(() => create(a))).Value;
}
