using System.Diagnostics;
using KvStore.Client;
using KvStore.Jepsen.Processes;

namespace KvStore.Jepsen.Soak;

/// <summary>Kills random nodes with SIGKILL under writing clients and reads every acknowledged write back at the end.</summary>
internal static class KillSoak
{
    private static readonly TimeSpan AckTimeout = TimeSpan.FromSeconds(60);

    /// <summary>Exit code: 0 nothing was lost, 1 something was.</summary>
    public static async Task<int> RunAsync(KillOptions options, TextWriter output, CancellationToken cancellationToken)
    {
        var directory = options.Directory ?? Directory.CreateTempSubdirectory("kvstore-soak-").FullName;
        var random = new Random(options.Seed);
        var started = Stopwatch.GetTimestamp();
        await using var cluster = await ProcessCluster.StartAsync(options.ServerDll, options.Nodes, directory, cancellationToken).ConfigureAwait(false);
        await using var client = await KvClient.ConnectAsync(cluster.Endpoints, new KvClientOptions { Timeout = TimeSpan.FromSeconds(30) }, cancellationToken).ConfigureAwait(false);
        var acks = new AckClock();
        var writers = Enumerable.Range(0, options.Writers).Select(n => new Writer(n, client, acks)).ToList();
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var running = writers.Select(w => w.RunAsync(stop.Token)).ToList();
        var gaps = new List<TimeSpan>();
        for (var round = 1; round <= options.Rounds && !cancellationToken.IsCancellationRequested; round++)
        {
            await Task.Delay(random.Next(50, 500), cancellationToken).ConfigureAwait(false);
            var all = options.AllEvery > 0 && round % options.AllEvery == 0;
            var victims = all ? cluster.Nodes : [cluster.Nodes[random.Next(cluster.Nodes.Count)]];
            foreach (var victim in victims) victim.Kill();
            if (all) foreach (var victim in victims) victim.Start();
            var gap = await acks.NextAsync().WaitAsync(AckTimeout, cancellationToken).ConfigureAwait(false);
            if (!all)
            {
                gaps.Add(gap);
                victims[0].Start();
            }

            await cluster.WaitReadyAsync(cancellationToken).ConfigureAwait(false);
            output.WriteLine($"round {round}/{options.Rounds}: killed {(all ? "all nodes" : $"node {victims[0].Id}")}, next acknowledged write after {gap.TotalMilliseconds:0} ms, {acks.Count} acknowledged so far");
        }

        await stop.CancelAsync().ConfigureAwait(false);
        await Task.WhenAll(running).ConfigureAwait(false);
        var wrong = new List<string>();
        foreach (var writer in writers) wrong.AddRange(await writer.VerifyAsync().ConfigureAwait(false));
        foreach (var line in wrong.Take(20)) output.WriteLine($"LOST {line}");
        gaps.Sort();
        if (gaps.Count > 0) output.WriteLine($"time to the next acknowledged write after one node was killed: p50 {gaps[gaps.Count / 2].TotalMilliseconds:0} ms, p99 {gaps[gaps.Count * 99 / 100].TotalMilliseconds:0} ms, max {gaps[^1].TotalMilliseconds:0} ms");
        output.WriteLine($"{options.Rounds} rounds in {Stopwatch.GetElapsedTime(started).TotalSeconds:0} s: {writers.Sum(w => w.Acknowledged)} keys acknowledged, {writers.Sum(w => w.Unknown)} writes of unknown outcome, {writers.Sum(w => w.Refused)} refused, {wrong.Count} lost");
        await cluster.DisposeAsync().ConfigureAwait(false);
        if (wrong.Count == 0 && options.Directory is null) cluster.Wipe();
        else output.WriteLine($"data and logs: {directory}");
        return wrong.Count == 0 && acks.Count > 0 ? 0 : 1;
    }
}
