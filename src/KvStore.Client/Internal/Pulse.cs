namespace KvStore.Client.Internal;

/// <summary>One timer for all deadlines and retries of a client. It beats only while there is something to watch.</summary>
internal sealed class Pulse : IDisposable
{
    private static readonly TimeSpan Period = TimeSpan.FromMilliseconds(10);

    /// <summary>Beats without anything pending after which the timer stops.</summary>
    private const int IdleBeatsMax = 50;

    private readonly Func<bool> _sweep;
    private readonly ITimer _timer;
    private int _idle;
    private bool _beating;
    private volatile bool _disposed;

    /// <param name="time">Drives the timer.</param>
    /// <param name="sweep">Called at each beat, never twice at once; tells whether anything is pending.</param>
    public Pulse(TimeProvider time, Func<bool> sweep)
    {
        _sweep = sweep;
        using (ExecutionContext.SuppressFlow()) _timer = time.CreateTimer(static p => ((Pulse)p!).OnBeat(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Something is pending from now on. Call it after making it visible to the sweep.</summary>
    public void Beat()
    {
        if (Volatile.Read(ref _beating)) return;
        if (!Interlocked.Exchange(ref _beating, true)) Arm();
    }

    public void Dispose()
    {
        _disposed = true;
        _timer.Dispose();
    }

    private void Arm()
    {
        if (!_disposed) _timer.Change(Period, Timeout.InfiniteTimeSpan);
    }

    private void OnBeat()
    {
        if (_disposed) return;
        if (_sweep()) _idle = 0;
        else if (++_idle >= IdleBeatsMax)
        {
            // What became pending after the sweep and saw the flag still set is found by sweeping again.
            _idle = 0;
            Interlocked.Exchange(ref _beating, false);
            if (!_sweep() || Interlocked.Exchange(ref _beating, true)) return;
        }
        Arm();
    }
}
