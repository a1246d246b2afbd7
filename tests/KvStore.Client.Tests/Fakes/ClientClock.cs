namespace KvStore.Client.Tests.Fakes;

/// <summary>
/// The machine's clocks for a client. A test puts the monotonic one forward, so that what is due in hours is due now, and no machine is too slow for it. It goes on by itself all the same: what
/// happens to fail is tried again after its pause. The wall clock stays where it is, off by what the test says.
/// </summary>
internal sealed class ClientClock(TimeSpan wallClockOff = default) : TimeProvider
{
    private readonly Lock _gate = new();
    private readonly HashSet<Timer> _set = [];
    private long _ahead;

    public override long GetTimestamp() => System.GetTimestamp() + Volatile.Read(ref _ahead);

    public override DateTimeOffset GetUtcNow() => System.GetUtcNow() + wallClockOff;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new Timer(this, callback, state);
        timer.Change(dueTime, period);
        return timer;
    }

    public void Advance(TimeSpan time)
    {
        lock (_gate)
        {
            _ahead += (long)(time.TotalSeconds * TimestampFrequency);
            foreach (var timer in _set) timer.Arm();
        }
    }

    private sealed class Timer : ITimer
    {
        private readonly ClientClock _owner;
        private readonly TimerCallback _callback;
        private readonly object? _state;
        private readonly ITimer _timer;
        private long _due;

        public Timer(ClientClock owner, TimerCallback callback, object? state)
        {
            (_owner, _callback, _state) = (owner, callback, state);
            _timer = System.CreateTimer(static timer => ((Timer)timer!).Fire(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        }

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            if (period != Timeout.InfiniteTimeSpan) throw new NotSupportedException("No code under test has periodic timers.");
            lock (_owner._gate)
            {
                _owner._set.Remove(this);
                if (dueTime == Timeout.InfiniteTimeSpan) return _timer.Change(dueTime, period);
                _due = _owner.GetTimestamp() + (long)(dueTime.TotalSeconds * _owner.TimestampFrequency);
                _owner._set.Add(this);
                return Arm();
            }
        }

        public bool Arm()
        {
            var left = _owner.GetElapsedTime(_owner.GetTimestamp(), _due);
            return _timer.Change(left > TimeSpan.Zero ? left : TimeSpan.Zero, Timeout.InfiniteTimeSpan);
        }

        public void Dispose()
        {
            lock (_owner._gate) _owner._set.Remove(this);
            _timer.Dispose();
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }

        private void Fire()
        {
            lock (_owner._gate)
            {
                // It was changed after this had been under way, or is a moment early by this clock.
                if (!_owner._set.Contains(this)) return;
                if (_due > _owner.GetTimestamp())
                {
                    Arm();
                    return;
                }
                _owner._set.Remove(this);
            }
            _callback(_state);
        }
    }
}
