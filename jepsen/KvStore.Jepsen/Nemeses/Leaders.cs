using System.Collections.Concurrent;
using KvStore.Client;
using KvStore.Jepsen.Processes;

namespace KvStore.Jepsen.Nemeses;

/// <summary>Who leads what, as the nodes say when they are asked directly, not through a proxy. Nodes are numbered from 0.</summary>
internal sealed class Leaders(ProcessCluster cluster) : IAsyncDisposable
{
    private static readonly TimeSpan AskTimeout = TimeSpan.FromSeconds(1);
    private readonly KvClient _client = KvClient.Create(cluster.Nodes.Select(DirectAddress));

    /// <summary>The most groups that were ever seen with a leader.</summary>
    public int GroupsSeen { get; private set; }

    /// <summary>Leader by group; a group without one is left out.</summary>
    public async Task<SortedDictionary<ulong, int>> AskAsync()
    {
        var claims = new ConcurrentBag<(ulong Group, ulong Term, int Node)>();
        await Task.WhenAll(cluster.Nodes.Select((_, n) => AskAsync(n, claims))).ConfigureAwait(false);
        var leaders = new SortedDictionary<ulong, int>(claims.GroupBy(c => c.Group).ToDictionary(g => g.Key, g => g.MaxBy(c => c.Term).Node));
        GroupsSeen = Math.Max(GroupsSeen, leaders.Count);
        return leaders;
    }

    /// <summary>The node that leads most groups, or any.</summary>
    public async Task<int> MostLeadingAsync(Random random)
    {
        var leaders = await AskAsync().ConfigureAwait(false);
        return leaders.Count == 0 ? random.Next(cluster.Nodes.Count) : leaders.Values.GroupBy(n => n).OrderByDescending(g => g.Count()).ThenBy(g => g.Key).First().Key;
    }

    /// <summary>The status of a node; null: no answer.</summary>
    public async Task<KvNodeStatus?> StatusAsync(int node, TimeSpan timeout)
    {
        if (!cluster.Nodes[node].IsRunning || cluster.Nodes[node].IsPaused) return null;
        using var limit = new CancellationTokenSource(timeout);
        try
        {
            return await _client.Cluster.StatusAsync(DirectAddress(cluster.Nodes[node]), limit.Token).ConfigureAwait(false);
        }
        catch (Exception e) when (e is KvException or OperationCanceledException)
        {
            return null;
        }
    }

    public ValueTask DisposeAsync() => _client.DisposeAsync();

    private static string DirectAddress(NodeProcess node) => $"127.0.0.1:{node.Ports.ClientListen}";

    private async Task AskAsync(int node, ConcurrentBag<(ulong Group, ulong Term, int Node)> claims)
    {
        if (await StatusAsync(node, AskTimeout).ConfigureAwait(false) is not { } status) return;
        foreach (var replica in status.Replicas)
            if (replica.Role == "leader") claims.Add((replica.Group, replica.Term, node));
    }
}
