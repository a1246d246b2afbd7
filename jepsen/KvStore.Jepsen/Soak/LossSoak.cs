using System.Diagnostics;
using KvStore.Client;
using KvStore.Jepsen.Disks;
using KvStore.Jepsen.Nemeses;
using KvStore.Jepsen.Processes;

namespace KvStore.Jepsen.Soak;

/// <summary>Strikes random nodes under writing clients, by SIGKILL or by power cuts, and reads every acknowledged write back at the end.</summary>
internal static class LossSoak
{
    private static readonly TimeSpan AckTimeout = TimeSpan.FromSeconds(120);

    /// <summary>Exit code: 0 nothing was lost, 1 something was, or it could not be tried.</summary>
    public static async Task<int> RunAsync(LossOptions options, TextWriter output, CancellationToken cancellationToken)
    {
        var disk = options.Kind == LossKind.Power ? DiskKind.Image : DiskKind.Directory;
        if (NodeDisk.Unavailable(disk) is { } missing) throw new InvalidOperationException($"skipped power: {missing}");
        var directory = options.Directory ?? Directory.CreateTempSubdirectory("kvstore-soak-").FullName;
        var started = Stopwatch.GetTimestamp();
        await using var cluster = await ProcessCluster.StartAsync(new ClusterOptions { Server = options.Server, Nodes = options.Nodes, Directory = directory, Disk = disk }, cancellationToken).ConfigureAwait(false);
        var clientOptions = new KvClientOptions { Timeout = TimeSpan.FromSeconds(60), ConnectTimeout = TimeSpan.FromSeconds(60) };
        await using var client = await KvClient.ConnectAsync(cluster.Endpoints, clientOptions, cancellationToken).ConfigureAwait(false);
        var map = await client.Cluster.MapAsync(cancellationToken).ConfigureAwait(false);
        var acks = new AckClock([.. map.Ranges.Where(range => range.Keyspace == clientOptions.DefaultKeyspace)]);
        var writers = Enumerable.Range(0, options.Writers).Select(n => new Writer(n, client, acks)).ToList();
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var running = Task.WhenAll(writers.Select(w => w.RunAsync(stop.Token)));
        List<TimeSpan> gaps;
        try
        {
            gaps = await StrikeAsync(options, cluster, acks, output, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            await stop.CancelAsync().ConfigureAwait(false);
            await running.ConfigureAwait(false);
        }

        var wrong = new List<string>();
        foreach (var writer in writers) wrong.AddRange(await writer.VerifyAsync().ConfigureAwait(false));
        wrong.AddRange(cluster.Nodes.Where(n => n.UnexplainedEnds.Count > 0).Select(n => $"node {n.Id} ended by itself with exit code {n.UnexplainedEnds[0]}"));
        foreach (var line in wrong.Take(20)) output.WriteLine($"WRONG {line}");
        gaps.Sort();
        if (gaps.Count > 0) output.WriteLine($"time until every range acknowledged a write again after one node was struck: p50 {gaps[gaps.Count / 2].TotalMilliseconds:0} ms, p99 {gaps[gaps.Count * 99 / 100].TotalMilliseconds:0} ms, max {gaps[^1].TotalMilliseconds:0} ms");
        output.WriteLine($"{options.Rounds} rounds of {Name(options.Kind)} in {Stopwatch.GetElapsedTime(started).TotalSeconds:0} s: {writers.Sum(w => w.Acknowledged)} keys acknowledged, {writers.Sum(w => w.Unknown)} writes of unknown outcome, {writers.Sum(w => w.Refused)} refused, {wrong.Count} lost or wrong");
        await cluster.DisposeAsync().ConfigureAwait(false);
        if (wrong.Count == 0 && options.Directory is null) cluster.Wipe();
        else output.WriteLine($"data and logs: {directory}");
        return wrong.Count == 0 && acks.Count > 0 ? 0 : 1;
    }

    private static async Task<List<TimeSpan>> StrikeAsync(LossOptions options, ProcessCluster cluster, AckClock acks, TextWriter output, CancellationToken cancellationToken)
    {
        var random = new Random(options.Seed);
        var gaps = new List<TimeSpan>();
        for (var round = 1; round <= options.Rounds; round++)
        {
            await Task.Delay(random.Next(50, 500), cancellationToken).ConfigureAwait(false);
            var all = options.AllEvery > 0 && round % options.AllEvery == 0;
            int[] victims = all ? [.. Enumerable.Range(0, cluster.Nodes.Count)] : [random.Next(cluster.Nodes.Count)];
            if (options.Kind == LossKind.Power) await PowerNemesis.CutAsync(cluster, victims).ConfigureAwait(false);
            foreach (var victim in victims) cluster.Nodes[victim].Kill();
            if (all) foreach (var victim in victims) cluster.Nodes[victim].Start();
            var gap = await acks.AllRangesAsync().WaitAsync(AckTimeout, cancellationToken).ConfigureAwait(false);
            if (!all)
            {
                gaps.Add(gap);
                cluster.Nodes[victims[0]].Start();
            }

            await cluster.WaitReadyAsync(cancellationToken).ConfigureAwait(false);
            output.WriteLine($"round {round}/{options.Rounds}: {Name(options.Kind)} of {(all ? "all nodes" : $"node {victims[0] + 1}")}, writes in every range again after {gap.TotalMilliseconds:0} ms, {acks.Count} acknowledged so far");
        }

        return gaps;
    }

    private static string Name(LossKind kind) => kind == LossKind.Kill ? "kill" : "power cut";
}
