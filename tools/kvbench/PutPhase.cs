using System.Diagnostics;

namespace KvStore.Bench;

/// <summary>Puts that were answered in one part of a measurement. Thread-safe.</summary>
internal sealed class PutPhase
{
    private readonly LatencyHistogram _latencies = new();
    private readonly Lock _lock = new();
    private long _longest;
    private long _answered = Stopwatch.GetTimestamp();
    private long _gap;
    private long _count;

    public long Count => Volatile.Read(ref _count);

    public double P50Microseconds => _latencies.Microseconds(0.5);
    public double P99Microseconds => _latencies.Microseconds(0.99);
    public double LongestMilliseconds => Milliseconds(_longest);

    /// <summary>The longest time in which no put was answered.</summary>
    public double StallMilliseconds => Milliseconds(_gap);

    /// <summary>The longest time in which the load generator itself, or the machine, stood still.</summary>
    public double OwnStandstillMilliseconds { get; set; }

    /// <summary>The part begins now.</summary>
    public void Begin()
    {
        lock (_lock) _answered = Stopwatch.GetTimestamp();
    }

    public void Answered(long called)
    {
        var now = Stopwatch.GetTimestamp();
        _latencies.Record(now - called);
        lock (_lock)
        {
            _count++;
            _longest = Math.Max(_longest, now - called);
            _gap = Math.Max(_gap, now - _answered);
            _answered = Math.Max(_answered, now);
        }
    }

    private static double Milliseconds(long ticks) => Math.Round(ticks * 1e3 / Stopwatch.Frequency, 1);
}
