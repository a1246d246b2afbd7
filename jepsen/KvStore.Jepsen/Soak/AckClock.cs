using System.Diagnostics;
using KvStore.Client;

namespace KvStore.Jepsen.Soak;

/// <summary>Counts acknowledged writes and says how long after a strike every range has taken one again: some ranges may never have stopped.</summary>
internal sealed class AckClock(IReadOnlyList<KvRangePlace> ranges)
{
    private readonly object _lock = new();
    // Guarded by _lock.
    private readonly bool[] _taken = new bool[ranges.Count];
    private TaskCompletionSource<TimeSpan>? _all;
    private long _since;
    private long _count;

    public long Count => Interlocked.Read(ref _count);

    public void Acknowledged(KvBytes key)
    {
        Interlocked.Increment(ref _count);
        if (Volatile.Read(ref _all) is null) return;
        lock (_lock)
        {
            _taken[RangeOf(key)] = true;
            if (Array.Exists(_taken, static t => !t)) return;
            _all?.TrySetResult(Stopwatch.GetElapsedTime(_since));
            _all = null;
        }
    }

    /// <summary>The time from now until each range has acknowledged a write.</summary>
    public Task<TimeSpan> AllRangesAsync()
    {
        lock (_lock)
        {
            Array.Clear(_taken);
            _since = Stopwatch.GetTimestamp();
            _all = new TaskCompletionSource<TimeSpan>(TaskCreationOptions.RunContinuationsAsynchronously);
            return _all.Task;
        }
    }

    private int RangeOf(KvBytes key)
    {
        for (var i = 0; i < ranges.Count; i++)
        {
            var (start, end) = ranges[i].Keys;
            if (key.Memory.Span.SequenceCompareTo(start.Memory.Span) >= 0 && (end.Memory.IsEmpty || key.Memory.Span.SequenceCompareTo(end.Memory.Span) < 0)) return i;
        }
        throw new InvalidOperationException($"no range holds '{key}'");
    }
}
