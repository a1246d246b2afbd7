using System.Net.Sockets;
using KvStore.Jepsen.Processes;

namespace KvStore.Jepsen.Network;

/// <summary>
/// The network between the nodes, and between the clients and the nodes: every connection passes a proxy, and every direction between two nodes is a link that can be
/// cut, slowed and reset by itself. Nodes are numbered from 0.
/// </summary>
internal sealed class ProxyNetwork : IAsyncDisposable
{
    private readonly Link[,] _links;
    private readonly Link[] _toNode;
    private readonly Link[] _fromNode;
    private readonly List<Proxy> _proxies = [];

    public ProxyNetwork(IReadOnlyList<NodePorts> ports)
    {
        _links = new Link[ports.Count, ports.Count];
        foreach (var (from, to) in Pairs(ports.Count)) _links[from, to] = new Link();
        _toNode = [.. ports.Select(_ => new Link())];
        _fromNode = [.. ports.Select(_ => new Link())];
        for (var n = 0; n < ports.Count; n++)
        {
            var node = n;
            _proxies.Add(new Proxy(ports[n].Client, ports[n].ClientListen, (_, _) => ValueTask.FromResult<Caller?>(new Caller(_toNode[node], _fromNode[node], default))));
            _proxies.Add(new Proxy(ports[n].Peer, ports[n].PeerListen, (socket, token) => RecognizeAsync(node, socket, token)));
        }

        foreach (var proxy in _proxies) proxy.Start();
    }

    public int Nodes => _toNode.Length;

    /// <summary>All ordered pairs of different nodes.</summary>
    public IEnumerable<(int From, int To)> Directions => Pairs(Nodes);

    public Link Between(int from, int to) => from != to ? _links[from, to] : throw new ArgumentException("there is no link from a node to itself");

    /// <summary>Both directions between the clients and a node.</summary>
    public IEnumerable<Link> Clients(int node) => [_toNode[node], _fromNode[node]];

    public void Heal()
    {
        foreach (var (from, to) in Directions) _links[from, to].Condition = LinkCondition.Good;
        for (var n = 0; n < Nodes; n++)
            foreach (var link in Clients(n)) link.Condition = LinkCondition.Good;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var proxy in _proxies) await proxy.DisposeAsync().ConfigureAwait(false);
    }

    private async ValueTask<Caller?> RecognizeAsync(int to, Socket socket, CancellationToken cancellationToken)
    {
        if (await PeerGreeting.ReadAsync(socket, cancellationToken).ConfigureAwait(false) is not { } greeting) return null;
        var from = greeting.Node - 1;
        return from >= 0 && from < Nodes && from != to ? new Caller(_links[from, to], _links[to, from], greeting.Bytes) : null;
    }

    private static IEnumerable<(int From, int To)> Pairs(int nodes) =>
        from f in Enumerable.Range(0, nodes) from t in Enumerable.Range(0, nodes) where f != t select (f, t);
}
