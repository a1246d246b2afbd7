using System.Diagnostics;

namespace KvStore.Jepsen.Soak;

/// <summary>Counts acknowledged writes and says how long after a kill the next one came.</summary>
internal sealed class AckClock
{
    private readonly object _lock = new();
    private TaskCompletionSource<TimeSpan>? _next;
    private long _since;
    private long _count;

    public long Count => Interlocked.Read(ref _count);

    public void Acknowledged()
    {
        Interlocked.Increment(ref _count);
        if (Volatile.Read(ref _next) is null) return;
        lock (_lock)
        {
            _next?.TrySetResult(Stopwatch.GetElapsedTime(_since));
            _next = null;
        }
    }

    /// <summary>The time from now to the next acknowledgement of a write.</summary>
    public Task<TimeSpan> NextAsync()
    {
        lock (_lock)
        {
            _since = Stopwatch.GetTimestamp();
            _next = new TaskCompletionSource<TimeSpan>(TaskCreationOptions.RunContinuationsAsynchronously);
            return _next.Task;
        }
    }
}
