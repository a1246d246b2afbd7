using System.Text;
using Google.Protobuf;
using KvStore.Node;
using KvStore.Node.Commands;
using KvStore.Node.Watches;
using KvStore.Simulation.Checks;
using KvStore.Simulation.Clients;
using KvStore.Simulation.Running;
using KvStore.Storage.Engine;

namespace KvStore.Simulation.Workloads;

/// <summary>
/// Clients that write bursts and watch at the same time: one key, a prefix or a whole range, from now, from an old revision or from one that is not there yet, with small queues and a
/// short history, so that watches fall behind and are compacted away.
/// </summary>
internal sealed class WatchWorkload : IWorkload
{
    private const int Keys = 8, BurstMax = 12;
    private static readonly string[] Prefixes = ["aw/", "hw/", "pw/", "xw/"];

    private readonly SimulationRun _run;
    private readonly CommittedWrites _log;
    private readonly WatchCheck _check;
    private readonly List<WatchLeg> _current = [];
    private bool _isLooking;
    private long _values;

    public WatchWorkload(SimulationRun run)
    {
        _run = run;
        _log = new CommittedWrites(run.Cluster);
        _check = new WatchCheck(run.Findings, _log);
        var (before, queue, history) = (run.Cluster.Configure, 300 + run.Cluster.Seed % 7 * 500, 200 + run.Cluster.Seed % 5 * 200);
        run.Cluster.Configure = options => (before?.Invoke(options) ?? options) with { WatchQueueBytes = (int)queue, HistoryRevisionsKept = history, WatchBookmarkInterval = TimeSpan.FromSeconds(1) };
    }

    public string Name => "watch";

    public async Task RunAsync(SimulatedClient client)
    {
        if (!_isLooking) Look();
        await Task.WhenAll(WriteAsync(client), WatchAsync(client));
    }

    public async Task ReadAllAsync(SimulatedClient client)
    {
        _log.Look();
        var limit = _run.Cluster.Clock.Now + TimeSpan.FromSeconds(40);
        var follower = new WatchFollower(client, _check);
        await Task.WhenAll(_current.Where(leg => !leg.IsOver).Select(leg => follower.FollowAsync(leg, () => IsCaughtUp(leg) || _run.Cluster.Clock.Now > limit)));
        foreach (var leg in _current)
            if (!leg.IsOver && !IsCaughtUp(leg)) _run.Findings.Report(WatchCheck.Name, $"{leg}: it never comes to {_log.NewestOf(leg.Range)}", SimulationVerdict.Stuck);
        _log.Look();
    }

    public void Finish()
    {
        _check.Finish();
        _run.Count("events told by watches", _check.Events);
        _run.Count("times that watches were resumed, at any node", _check.Resumed);
        _run.Count("watches that compaction ended", _check.Compacted);
        _run.Count("changes of leaders", _run.Leaderships);
    }

    private bool IsCaughtUp(WatchLeg leg) => leg.Position >= _log.NewestOf(leg.Range);

    private async void Look()
    {
        _isLooking = true;
        while (!_run.IsOver && !_run.IsHalted)
        {
            _log.Look();
            await _run.Cluster.DelayAsync(TimeSpan.FromMilliseconds(50));
        }
    }

    private async Task WriteAsync(SimulatedClient client)
    {
        while (!client.IsOver)
        {
            var prefix = client.Random.Pick(Prefixes);
            for (var left = 1 + client.Random.Next(BurstMax); left > 0 && !client.IsOver; left--)
            {
                var key = $"{prefix}{client.Random.Next(Keys)}";
                await client.WriteAsync(key, client.Random.Next(100) switch
                {
                    < 20 => new Command { Delete = new Delete { Key = ByteString.CopyFromUtf8(key) } },
                    < 75 => new Command { Put = new Put { Key = ByteString.CopyFromUtf8(key), Value = NewValue(client) } },
                    _ => Transaction(client, prefix),
                });
            }
            await client.ThinkAsync();
        }
    }

    private ByteString NewValue(SimulatedClient client) => ByteString.CopyFromUtf8($"{client.Number}.{++_values}");

    /// <summary>Several keys in one revision, of which a watch must tell all or none.</summary>
    private Command Transaction(SimulatedClient client, string prefix)
    {
        var transaction = new Transaction();
        foreach (var number in Enumerable.Range(0, Keys))
        {
            if (client.Random.Chance(50)) continue;
            var key = ByteString.CopyFromUtf8($"{prefix}{number}");
            transaction.Success.Add(client.Random.Chance(30)
                ? new TransactionOperation { Delete = new TransactionDelete { Key = key } }
                : new TransactionOperation { Put = new TransactionPut { Key = key, Value = NewValue(client) } });
        }
        return new Command { Transaction = transaction };
    }

    private async Task WatchAsync(SimulatedClient client)
    {
        var follower = new WatchFollower(client, _check);
        WatchLeg? last = null;
        while (!client.IsOver && !_run.IsHalted)
        {
            if (NewLeg(client) is not { } leg)
            {
                await client.ThinkAsync();
                continue;
            }
            if (last is not null) _current.Remove(last);
            _current.Add(last = leg);
            var until = _run.Cluster.Clock.Now + client.Random.Between(TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(40));
            await follower.FollowAsync(leg, () => client.IsOver || _run.Cluster.Clock.Now > until);
            for (var i = 0; i < leg.Told.Count; i++) _run.OperationAnswered();
            _run.Count("watches");
        }
    }

    private WatchLeg? NewLeg(SimulatedClient client)
    {
        var prefix = client.Random.Pick(Prefixes);
        var key = $"{prefix}{client.Random.Next(Keys)}";
        if (_run.RangeOf(key) is not { } range) return null;
        var newest = _log.NewestOf(range.Id);
        Revision? from = client.Random.Next(10) switch
        {
            < 5 => null,
            < 9 => new Revision(1 + (ulong)client.Random.Between(0, (long)newest + 1)),
            _ => new Revision(newest + 100_000),
        };
        var (start, end) = client.Random.Next(3) switch
        {
            0 => (key, key + "\0"),
            1 => (prefix, prefix + "\x7F"),
            _ => (Encoding.UTF8.GetString(range.Start.Span), Encoding.UTF8.GetString(range.End.Span)),
        };
        var kinds = client.Random.Next(4) switch { 0 => WatchKinds.Puts, 1 => WatchKinds.Deletes, _ => WatchKinds.All };
        var query = new WatchQuery(new RangeRoute(range.Id, range.Epoch), Encoding.UTF8.GetBytes(start), Encoding.UTF8.GetBytes(end), from, kinds, client.Random.Chance(50) ? WatchPrevious.Included : WatchPrevious.Omitted);
        return _check.Begin(range.Id, query, $"client {client.Number}'s watch of [{start}, {end})");
    }
}
