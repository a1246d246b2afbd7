using System.Diagnostics;
using System.Numerics;

namespace KvStore.Bench;

/// <summary>Counts durations in buckets that are at most 3 % wide. Thread-safe; made to be shared by few threads each.</summary>
internal sealed class LatencyHistogram
{
    private const int SubBits = 5;
    private const int SubCount = 1 << SubBits;
    private readonly long[] _buckets = new long[(64 - SubBits) * SubCount];

    /// <param name="ticks">Of the stopwatch.</param>
    public void Record(long ticks) => Interlocked.Increment(ref _buckets[BucketOf((ulong)ticks)]);

    public void AddTo(LatencyHistogram total)
    {
        for (var i = 0; i < _buckets.Length; i++) total._buckets[i] += _buckets[i];
    }

    /// <summary>Microseconds below which this part of all durations lies; the upper end of its bucket.</summary>
    public double Microseconds(double part)
    {
        var rank = (long)Math.Ceiling(_buckets.Sum() * part);
        if (rank == 0) return 0;
        for (var i = 0; i < _buckets.Length; i++)
        {
            rank -= _buckets[i];
            if (rank <= 0) return Math.Round(UpperEnd(i) * 1e6 / Stopwatch.Frequency, 1);
        }
        throw new InvalidOperationException("The histogram changed while it was read.");
    }

    internal static int BucketOf(ulong ticks)
    {
        if (ticks < SubCount) return (int)ticks;
        var shift = BitOperations.Log2(ticks) - SubBits;
        return ((shift + 1) << SubBits) + (int)(ticks >> shift) - SubCount;
    }

    internal static ulong UpperEnd(int bucket)
    {
        if (bucket < SubCount) return (ulong)bucket;
        var shift = (bucket >> SubBits) - 1;
        return (((ulong)((bucket & (SubCount - 1)) + SubCount) + 1) << shift) - 1;
    }
}
