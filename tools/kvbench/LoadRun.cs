using System.Diagnostics;

namespace KvStore.Bench;

/// <summary>Keeps a number of callers busy and counts what they get done after the warm-up.</summary>
internal sealed class LoadRun
{
    private const int LanesMax = 64;
    private const int FillersMax = 256;
    private const int LongsPerCacheLine = 8;
    private static readonly TimeSpan PauseAfterError = TimeSpan.FromMilliseconds(10);

    private readonly BenchOptions _options;
    private readonly ITarget _target;
    private readonly LatencyHistogram[] _lanes;
    private volatile bool _measuring;
    private volatile bool _stopping;
    private long _errors;
    private string? _firstError;

    public LoadRun(BenchOptions options, ITarget target)
    {
        _options = options;
        _target = target;
        _lanes = [.. Enumerable.Range(0, Math.Min(LanesMax, options.Callers)).Select(_ => new LatencyHistogram())];
    }

    public async Task<BenchReport> RunAsync()
    {
        if (_options is { Load: LoadKind.Get, Fills: true }) await FillAsync().ConfigureAwait(false);
        var calls = new long[_options.Callers * LongsPerCacheLine];
        var callers = Enumerable.Range(0, _options.Callers).Select(c => CallAsync(c, calls)).ToArray();
        await Task.Delay(TimeSpan.FromSeconds(_options.WarmUpSeconds)).ConfigureAwait(false);
        _measuring = true;
        var started = Stopwatch.GetTimestamp();
        var slowest = await SlowestSecondAsync(calls, started).ConfigureAwait(false);
        _measuring = false;
        var seconds = Stopwatch.GetElapsedTime(started).TotalSeconds;
        _stopping = true;
        await Task.WhenAll(callers).ConfigureAwait(false);
        var total = new LatencyHistogram();
        foreach (var lane in _lanes) lane.AddTo(total);
        return new BenchReport(_options, calls.Sum() * _target.OperationsPerCall, seconds, slowest, total.Microseconds(0.5), total.Microseconds(0.99), _errors, _firstError);
    }

    /// <summary>Waits until the measured time is over.</summary>
    /// <returns>Operations a second in the slowest whole second of it; null when it has none.</returns>
    private async Task<double?> SlowestSecondAsync(long[] calls, long started)
    {
        double? slowest = null;
        var (counted, at) = (0L, started);
        for (var left = _options.Seconds; left > 0; left--)
        {
            await Task.Delay(TimeSpan.FromSeconds(Math.Min(left, 1))).ConfigureAwait(false);
            if (left < 1) break;
            var (count, now) = (calls.Sum() * _target.OperationsPerCall, Stopwatch.GetTimestamp());
            slowest = Math.Min(slowest ?? double.MaxValue, (count - counted) / Stopwatch.GetElapsedTime(at, now).TotalSeconds);
            (counted, at) = (count, now);
        }
        return slowest;
    }

    /// <param name="caller">Its number; its count stands in a cache line of its own.</param>
    /// <param name="calls">Counts by caller.</param>
    private async Task CallAsync(int caller, long[] calls)
    {
        await Task.Yield();
        var lane = _lanes[caller % _lanes.Length];
        var random = (uint)caller * 2654435761u | 1;
        while (!_stopping)
        {
            random ^= random << 13;
            random ^= random >> 17;
            random ^= random << 5;
            var begin = Stopwatch.GetTimestamp();
            try
            {
                await _target.CallAsync(caller, (int)(random % (uint)_options.Keys)).ConfigureAwait(false);
            }
            catch (Exception e) when (e is Client.KvException or Grpc.Core.RpcException or InvalidOperationException)
            {
                Interlocked.Increment(ref _errors);
                Interlocked.CompareExchange(ref _firstError, e.Message, null);
                await Task.Delay(PauseAfterError).ConfigureAwait(false);
                continue;
            }
            if (!_measuring) continue;
            lane.Record(Stopwatch.GetTimestamp() - begin);
            calls[caller * LongsPerCacheLine]++;
        }
    }

    private async Task FillAsync()
    {
        var next = -1;
        await Task.WhenAll(Enumerable.Range(0, FillersMax).Select(async caller =>
        {
            for (int i; (i = Interlocked.Increment(ref next)) < _options.Keys;) await _target.FillAsync(caller, i).ConfigureAwait(false);
        })).ConfigureAwait(false);
    }
}
