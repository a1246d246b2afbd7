using KvStore.Node.Placement;
using KvStore.Raft;

namespace KvStore.Node.Tests.Cluster;

/// <summary>Crashes, partitions, lost frames and transfers by seed, while clients write: what was acknowledged is there, and every increment was applied once.</summary>
public class ChaosTests
{
    private const int Clients = 4;
    private const int WritesEach = 12;

    [Theory]
    [InlineData(1000)]
    [InlineData(2000)]
    [InlineData(3000)]
    [InlineData(4000)]
    [InlineData(5000)]
    [InlineData(6000)]
    [InlineData(7000)]
    [InlineData(8000)]
    public void Nothing_acknowledged_is_lost_and_nothing_is_applied_twice(ulong first)
    {
        for (var seed = first; seed < first + 10; seed++) Run(seed);
    }

    private static void Run(ulong seed)
    {
        using var cluster = new VirtualCluster(seed);
        foreach (var node in cluster.Nodes)
        {
            node.Configure = options => options with { CheckpointLogBytes = 2 << 10, FollowerLagBytesMax = 4 << 10, DataGroups = 1 };
            node.Start();
        }
        cluster.WaitUntilReady();
        cluster.Network.Filter = (_, _, _) => !cluster.Random.Chance(2);
        var clients = Enumerable.Range(0, Clients).Select(i => new Client(cluster, $"a{i}").RunAsync()).ToArray();
        var limit = cluster.Clock.Now + TimeSpan.FromMinutes(10);
        while (!clients.All(client => client.IsCompleted))
        {
            Assert.True(cluster.Clock.Now < limit, $"seed {seed}: the clients do not come to an end");
            Disturb(cluster);
            cluster.RunFor(TimeSpan.FromMilliseconds(cluster.Random.Next(1500)));
        }
        cluster.Network.Filter = null;
        cluster.Network.Heal();
        foreach (var node in cluster.Nodes)
        {
            node.Workers.Stalled = null;
            if (!node.IsUp) node.Start();
        }
        cluster.WaitUntilReady();
        foreach (var client in clients) client.GetAwaiter().GetResult();
        for (var i = 0; i < Clients; i++) Assert.Equal($"{WritesEach}", cluster.Get($"a{i}", ReadConsistency.Quorum));
        foreach (var group in cluster.Map.Groups) cluster.WaitUntilConverged(group.Id);
        Assert.All(cluster.Nodes, node => Assert.Null(node.Node.Failure));
    }

    private static void Disturb(VirtualCluster cluster)
    {
        var node = cluster.Nodes[cluster.Random.Next(cluster.Nodes.Count)];
        switch (cluster.Random.Next(7))
        {
            case 0 when node.IsUp:
                node.Crash();
                break;
            case 1:
                cluster.Network.Isolate(node.Id, cluster.Nodes.Select(other => other.Id));
                break;
            case 2 when node.IsUp:
                foreach (var group in cluster.Map.Groups) node.Node.TransferLeadership(group.Id, cluster.Nodes[cluster.Random.Next(3)].Id);
                break;
            case 3 when node.IsUp:
                node.Workers.Stalled = new[] { "wal", "apply", "loop", "background" }[cluster.Random.Next(4)];
                break;
            default:
                cluster.Network.Heal();
                foreach (var each in cluster.Nodes)
                {
                    each.Workers.Stalled = null;
                    if (!each.IsUp) each.Start();
                }
                break;
        }
    }

    /// <summary>Increments one key under a session, each increment until it is acknowledged; each acknowledgement tells the value that it must.</summary>
    private sealed class Client(VirtualCluster cluster, string key)
    {
        private static readonly TimeSpan Patience = TimeSpan.FromSeconds(6);

        public async Task RunAsync()
        {
            var range = cluster.RangeOf(key);
            var session = await OpenSessionAsync(range);
            for (ulong sequence = 1; sequence <= WritesEach; sequence++)
            {
                while (!await TryIncrementAsync(range, session, sequence)) await cluster.DelayAsync(TimeSpan.FromMilliseconds(20 + cluster.Random.Next(100)));
                if (cluster.Random.Chance(50)) await CheckReadAsync(range, (long)sequence);
            }
        }

        private async Task<LogIndex> OpenSessionAsync(RangeDescriptor range)
        {
            while (true)
            {
                if (cluster.LeaderOf(range.Group) is { } leader)
                {
                    var opened = new TaskCompletionSource<LogIndex>();
                    leader.Node.OpenSession(range.Group, cluster.SoonEnough, (index, error) => opened.TrySetResult(error is null ? index : LogIndex.None));
                    if (await Task.WhenAny(opened.Task, cluster.DelayAsync(Patience)) == opened.Task && opened.Task.Result != LogIndex.None) return opened.Task.Result;
                }
                await cluster.DelayAsync(TimeSpan.FromMilliseconds(100));
            }
        }

        private async Task<bool> TryIncrementAsync(RangeDescriptor range, LogIndex session, ulong sequence)
        {
            if (cluster.LeaderOf(range.Group) is not { } leader) return false;
            var batch = TestBatch.Of(range, cluster.SoonEnough, (session, range.Group), TestBatch.Increment(key, sequence));
            leader.Node.Propose(batch);
            if (await Task.WhenAny(batch.Done, cluster.DelayAsync(Patience)) != batch.Done || !batch.Done.IsCompletedSuccessfully) return false;
            Assert.Equal((long)sequence, batch.Done.Result[0].Number);
            return true;
        }

        private async Task CheckReadAsync(RangeDescriptor range, long expected)
        {
            var up = cluster.Up.ToArray();
            if (up.Length == 0) return;
            var node = up[cluster.Random.Next(up.Length)];
            var consistency = node.Node.Leads(range.Group) ? ReadConsistency.Linearizable : ReadConsistency.Follower;
            var query = new GetQuery(new RangeRoute(range.Id, range.Epoch), System.Text.Encoding.UTF8.GetBytes(key), consistency, default, null);
            var read = ReadAsync(node, query);
            if (await Task.WhenAny(read, cluster.DelayAsync(Patience)) == read && read.IsCompletedSuccessfully) Assert.Equal($"{expected}", System.Text.Encoding.UTF8.GetString(read.Result.Value!.Value.Value.Span));
        }

        private static async Task<GetAnswer> ReadAsync(VirtualNode node, GetQuery query) => await node.Node.GetAsync(query, CancellationToken.None);
    }
}
