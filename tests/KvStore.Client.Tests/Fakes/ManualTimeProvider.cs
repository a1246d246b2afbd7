namespace KvStore.Client.Tests.Fakes;

/// <summary>A monotonic clock that begins at 0 and that a test moves. Timers fire within <see cref="AdvanceTo"/>, each at its own time.</summary>
internal sealed class ManualTimeProvider : TimeProvider
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private const int FiredMax = 10_000;
    private readonly Lock _gate = new();
    private readonly List<ManualTimer> _timers = [];
    private readonly List<(TimeSpan Due, TaskCompletionSource Set)> _awaited = [];
    private TimeSpan _now;
    private (TimeSpan DueTime, TimeSpan For)? _standstill;

    public TimeSpan Now
    {
        get
        {
            lock (_gate) return _now;
        }
    }

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override long GetTimestamp() => Now.Ticks;

    public override DateTimeOffset GetUtcNow() => DateTimeOffset.UnixEpoch + Now;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new ManualTimer(this, callback, state);
        timer.Change(dueTime, period);
        return timer;
    }

    /// <summary>Completes when a timer is set for exactly this time: what set it has seen the clock as it stands.</summary>
    public Task UntilTimerIsSetAsync(TimeSpan due)
    {
        lock (_gate)
        {
            if (_timers.Exists(timer => timer.Due == due)) return Task.CompletedTask;
            var set = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _awaited.Add((due, set));
            return set.Task.WaitAsync(Patience);
        }
    }

    /// <summary>The process stands still for a time when it is about to set a timer of this length, after it has looked at the clock for it.</summary>
    public void StandStillBeforeTimer(TimeSpan dueTime, TimeSpan time)
    {
        lock (_gate) _standstill = (dueTime, time);
    }

    public void AdvanceTo(TimeSpan time)
    {
        for (var fired = 0; NextDue(time) is { } timer; fired++)
        {
            if (fired > FiredMax) throw new InvalidOperationException($"timers are set for {Now} without end");
            timer.Fire();
        }
    }

    private ManualTimer? NextDue(TimeSpan until)
    {
        lock (_gate)
        {
            var next = _timers.Where(timer => timer.Due <= until).MinBy(timer => timer.Due);
            var now = next?.Due ?? until;
            if (now > _now) _now = now;
            if (next is not null) _timers.Remove(next);
            return next;
        }
    }

    private sealed class ManualTimer(ManualTimeProvider owner, TimerCallback callback, object? state) : ITimer
    {
        public TimeSpan Due { get; private set; }

        public void Fire() => callback(state);

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            if (period != Timeout.InfiniteTimeSpan) throw new NotSupportedException("No code under test has periodic timers.");
            lock (owner._gate)
            {
                owner._timers.Remove(this);
                if (dueTime == Timeout.InfiniteTimeSpan) return true;
                if (owner._standstill is { } standstill && standstill.DueTime == dueTime)
                {
                    owner._standstill = null;
                    owner._now += standstill.For;
                }
                Due = owner._now + dueTime;
                owner._timers.Add(this);
                foreach (var (due, set) in owner._awaited)
                    if (due == Due) set.TrySetResult();
            }
            return true;
        }

        public void Dispose()
        {
            lock (owner._gate) owner._timers.Remove(this);
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
