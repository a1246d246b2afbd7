using KvStore.Client;
using KvStore.Jepsen.Network;
using KvStore.Jepsen.Processes;

namespace KvStore.Jepsen.Nemeses;

/// <summary>What a nemesis works with. Nodes are numbered from 0 here, from 1 in words.</summary>
internal sealed class Battlefield(ProcessCluster cluster, Leaders leaders, KvClient client, NodeClaims claims, FaultLog log, Random random, CancellationToken stop)
{
    private const int SettleAttemptsMax = 50;
    private static readonly TimeSpan SettlePause = TimeSpan.FromMilliseconds(150);

    public ProcessCluster Cluster => cluster;

    public int Nodes => cluster.Nodes.Count;

    public int Majority => (Nodes / 2) + 1;

    public ProxyNetwork Network => cluster.Network ?? throw new InvalidOperationException("the cluster has no proxies");

    public Leaders Leaders => leaders;

    /// <summary>For calls that are part of a fault, such as a transfer of leadership.</summary>
    public KvClient Client => client;

    public FaultLog Log => log;

    /// <summary>Made from the run's seed, for one nemesis alone.</summary>
    public Random Random => random;

    /// <summary>The run goes to its end.</summary>
    public bool IsOver => stop.IsCancellationRequested;

    public Task<IDisposable> ClaimAsync(params int[] nodes) => claims.TakeAsync(nodes);

    /// <summary>Lets a fault last a random time; ends early when the run ends.</summary>
    public async Task HoldAsync(double secondsMin, double secondsMax)
    {
        var time = TimeSpan.FromSeconds(secondsMin + (random.NextDouble() * (secondsMax - secondsMin)));
        await Task.Delay(time, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    /// <summary>Waits until every group has a leader, but not for ever.</summary>
    public async Task SettleAsync()
    {
        for (var i = 0; i < SettleAttemptsMax && !IsOver; i++)
        {
            var map = await leaders.AskAsync().ConfigureAwait(false);
            if (map.Count == leaders.GroupsSeen) return;
            // Without a draw: how long it takes must not change what the seed plans.
            await Task.Delay(SettlePause, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>So many different nodes.</summary>
    public int[] Some(int count) => [.. Enumerable.Range(0, Nodes).OrderBy(_ => random.Next()).Take(count)];

    public static string Names(IReadOnlyCollection<int> nodes) => nodes.Count == 1 ? $"node {nodes.First() + 1}" : $"nodes {string.Join(", ", nodes.Order().Select(n => n + 1))}";
}
