using KvStore.Client;
using KvStore.Jepsen.Disks;
using KvStore.Jepsen.Nemeses;
using KvStore.Jepsen.Processes;
using KvStore.Jepsen.Recording;
using KvStore.Jepsen.Reports;
using KvStore.Jepsen.Workloads;
using KvStore.Linearizability;

namespace KvStore.Jepsen.Runs;

/// <summary>One run from its start to its verdict: a cluster, clients, faults; then healing, final reads, the check, and the report.</summary>
internal sealed class JepsenRun
{
    // The seed of each nemesis differs from that of the clients.
    private const int NemesisSeedStep = 7_919;
    // A kind of operation that was tried so often and never succeeded was not tested.
    private const int TriedMin = 10;
    private static readonly TimeSpan ExtraTimeMax = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan ExtraTimeStep = TimeSpan.FromMilliseconds(200);
    private readonly RunOptions _options;
    private readonly TextWriter _output;
    private readonly Recorder _recorder = new();
    private readonly FaultLog _faults;
    private readonly IWorkload _workload;
    private readonly List<(string Name, string Reason)> _skipped = [];
    private readonly List<INemesis> _nemeses = [];
    private GroupMap _groups = GroupMap.Empty;

    private JepsenRun(RunOptions options, TextWriter output)
    {
        _options = options;
        _output = output;
        _faults = new FaultLog(_recorder);
        _workload = options.Workload.Begin();
        foreach (var nemesis in options.Nemeses)
        {
            if (nemesis.Unavailable is { } reason) _skipped.Add((nemesis.Name, reason));
            else _nemeses.Add(nemesis);
        }
    }

    /// <summary>Never throws for what the cluster does: that is a verdict.</summary>
    /// <exception cref="OperationCanceledException">It was stopped; everything that was started is stopped.</exception>
    public static async Task<RunResult> RunAsync(RunOptions options, TextWriter output, CancellationToken cancellationToken)
    {
        output.WriteLine($"{options.Workload.Name} under {options.NemesisNames}, {options.Nodes} nodes, {options.Clients} clients, {options.Time.TotalSeconds:0.#} s, seed {options.Seed}{(options.Plant is { } plant ? $", planted bug {plant}" : "")} → {options.Directory}");
        var run = new JepsenRun(options, output);
        foreach (var (name, reason) in run._skipped) output.WriteLine($"skipped {name}: {reason}");
        Directory.CreateDirectory(options.Directory);
        var problem = await run.LoadAsync(cancellationToken).ConfigureAwait(false);
        var result = run.Judge(problem, cancellationToken);
        output.WriteLine(result);
        return result;
    }

    private async Task<string?> LoadAsync(CancellationToken cancellationToken)
    {
        try
        {
            await using var cluster = await ProcessCluster.StartAsync(ClusterOptions(), cancellationToken).ConfigureAwait(false);
            await using var leaders = new Leaders(cluster);
            await using var control = await KvClient.ConnectAsync(cluster.Endpoints, new KvClientOptions { ConnectTimeout = TimeSpan.FromSeconds(60) }, cancellationToken).ConfigureAwait(false);
            await using var actors = new ActorPool(cluster, _recorder, _options.Clients, _options.Seed);
            _groups = GroupMap.From(await control.Cluster.MapAsync(cancellationToken).ConfigureAwait(false));
            var problem = await StormAsync(cluster, leaders, control, actors, cancellationToken).ConfigureAwait(false);
            cancellationToken.ThrowIfCancellationRequested();
            if (problem is not null) return problem;
            if (!await _workload.FinishAsync(actors.First).ConfigureAwait(false)) return "the final reads were not answered";
            return EndedByItself(cluster) ?? await ReplicaAgreement.DifferenceAsync(leaders, _options.Nodes).ConfigureAwait(false);
        }
        catch (Exception e) when (e is TimeoutException or InvalidOperationException or KvException or IOException && !cancellationToken.IsCancellationRequested)
        {
            File.WriteAllText(Path.Combine(_options.Directory, "error.txt"), e.ToString());
            return e.Message.Split('\n')[0];
        }
    }

    // Load and faults; then healing with the load still on.
    private async Task<string?> StormAsync(ProcessCluster cluster, Leaders leaders, KvClient control, ActorPool actors, CancellationToken cancellationToken)
    {
        using var storm = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using var load = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        _recorder.Begin();
        var working = actors.RunAsync(_workload, load.Token);
        var showing = Progress.ShowAsync(_recorder, _faults, _output, load.Token);
        var claims = new NodeClaims(_options.Nodes);
        var striking = Task.WhenAll(_nemeses.Select((nemesis, i) =>
            Strikes.RunAsync(nemesis, new Battlefield(cluster, leaders, control, claims, _faults, new Random(unchecked(_options.Seed + ((i + 1) * NemesisSeedStep))), storm.Token))));
        try
        {
            await Task.Delay(_options.Time, cancellationToken).ConfigureAwait(false);
            // On a busy machine the first strike of a nemesis may take its time.
            for (var extra = TimeSpan.Zero; Idle() is not null && extra < ExtraTimeMax && !striking.IsFaulted; extra += ExtraTimeStep) await Task.Delay(ExtraTimeStep, cancellationToken).ConfigureAwait(false);
            await storm.CancelAsync().ConfigureAwait(false);
            await striking.ConfigureAwait(false);
            cluster.Heal();
            await cluster.WaitReadyAsync(cancellationToken).ConfigureAwait(false);
            return EndedByItself(cluster);
        }
        finally
        {
            await storm.CancelAsync().ConfigureAwait(false);
            await load.CancelAsync().ConfigureAwait(false);
            // Whatever went wrong: no fault and no operation outlives this method.
            await striking.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await working.ConfigureAwait(false);
            await showing.ConfigureAwait(false);
        }
    }

    private ClusterOptions ClusterOptions() => new()
    {
        Server = _options.Server,
        Directory = _options.Directory,
        Nodes = _options.Nodes,
        Wiring = Wiring.Proxies,
        Disk = _nemeses.Select(n => n.Disk).DefaultIfEmpty(DiskKind.Directory).Max(),
        Clock = _nemeses.Select(n => n.Clocks(new Random(_options.Seed))).FirstOrDefault(c => c is not null),
        Environment = _options.Plant is { } plant ? new Dictionary<string, string> { ["KVSTORE_PLANT"] = plant } : [],
    };

    private RunResult Judge(string? problem, CancellationToken cancellationToken)
    {
        var history = Path.Combine(_options.Directory, "history.jsonl");
        var entries = _recorder.Entries();
        using (var file = new BufferedStream(File.Create(history), 1 << 20)) HistoryFile.Write(file, entries);
        var judgement = _options.Workload.Judge(history, cancellationToken);
        var (verdict, reason) = (judgement.Verdict, problem);
        // What is wrong in the history stays wrong, whatever else happened; what is right in it does not excuse the rest.
        if (verdict == Verdict.Linearizable && Shortfall(problem, entries) is { } shortfall) (verdict, reason) = (Verdict.Unknown, shortfall);
        var result = new RunResult(verdict, reason, judgement.Text)
        {
            Entries = entries,
            Faults = _faults.All(),
            Skipped = _skipped,
            Failover = FailoverTimes.Of(_faults.All(), entries, _groups),
        };
        Report.Write(_options, result, judgement, _output);
        if (verdict == Verdict.Linearizable) WipeData();
        return result;
    }

    private string? Shortfall(string? problem, IReadOnlyList<Entry> entries)
    {
        if (problem is not null) return problem;
        if (!entries.Any(e => e.Outcome == Outcome.Completed)) return "no operation succeeded";
        if (NeverDone(entries) is { } never) return $"no {never} succeeded";
        if (_nemeses.Count == 0 && _skipped.Count > 0) return "no fault could be made";
        return Idle() is { } idle ? $"{idle.Name} never struck; the run was too short" : null;
    }

    private static string? NeverDone(IEnumerable<Entry> entries) =>
        entries.GroupBy(e => e.Op, StringComparer.Ordinal).FirstOrDefault(kind => kind.Count() >= TriedMin && kind.All(e => e.Outcome != Outcome.Completed))?.Key;

    private INemesis? Idle() => _nemeses.FirstOrDefault(n => _faults.All().All(f => f.Nemesis != n.Name));

    // The logs stay. After anything but a pass the data stays, too.
    private void WipeData()
    {
        foreach (var home in Directory.EnumerateDirectories(_options.Directory, "node-*"))
            foreach (var data in Directory.EnumerateDirectories(home)) Directory.Delete(data, recursive: true);
    }

    private static string? EndedByItself(ProcessCluster cluster) =>
        cluster.Nodes.FirstOrDefault(n => n.UnexplainedEnds.Count > 0) is { } node ? $"node {node.Id} ended by itself with exit code {node.UnexplainedEnds[0]}: see node-{node.Id}/log" : null;
}
