using KvStore.Client.Internal.Leases;

namespace KvStore.Client.Leases;

/// <summary>
/// A lease that renews itself until it is disposed, which revokes it. Thread-safe. Watch <see cref="Lost"/>: it fires before the cluster can have ended the lease, also when the cluster cannot
/// be reached. It says nothing to a process that does not run: what must not be done twice needs a fencing token, too.
/// </summary>
public sealed class KvLease : IAsyncDisposable
{
    /// <summary>How much the clocks of client and cluster may differ in rate.</summary>
    private const double ClockDriftMax = 0.05;
    private static readonly TimeSpan LookMax = TimeSpan.FromDays(1);
    private const int RenewalsPerTimeToLive = 3;
    private static readonly TimeSpan LatenessMax = TimeSpan.FromMilliseconds(1);

    private readonly KvLeases _leases;
    private readonly LeaseKeeper _keeper;
    private readonly TimeProvider _time;
    private readonly CancellationTokenSource _lost = new();
    private readonly ITimer _timer;
    private readonly Lock _gate = new();
    /// <summary>Send time of the newest request that was confirmed, in timestamps. The lease lasts at least from then on.</summary>
    private long _confirmedSince;
    private bool _ended;
    private bool _disposed;

    internal KvLease(KvLeases leases, LeaseKeeper keeper, TimeProvider time, KvLeaseId id, TimeSpan timeToLive, long confirmedSince)
    {
        (_leases, _keeper, _time, Id, TimeToLive, _confirmedSince) = (leases, keeper, time, id, timeToLive, confirmedSince);
        Lost = _lost.Token;
        _timer = time.CreateTimer(static lease => ((KvLease)lease!).Look(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        SetTimer();
        keeper.Add(this);
    }

    /// <summary>To be given to writes: <see cref="KvWriteOptions.Lease"/>.</summary>
    public KvLeaseId Id { get; }

    /// <summary>As granted.</summary>
    public TimeSpan TimeToLive { get; }

    /// <summary>
    /// Cancelled once the lease has ended or could end: 95 % of the time to live after the newest confirmed renewal was sent, by this process's monotonic clock, or when the cluster says so. Final.
    /// Disposing does not cancel it.
    /// </summary>
    public CancellationToken Lost { get; }

    /// <summary>How long the lease certainly lasts from now on, by this process's monotonic clock, without a further renewal; zero: nothing is certain. Reads the clock, so that it is right also before <see cref="Lost"/> has been delivered.</summary>
    public TimeSpan SafeFor
    {
        get
        {
            if (Volatile.Read(ref _ended)) return TimeSpan.Zero;
            var left = TimeToLive * (1 - ClockDriftMax) - _time.GetElapsedTime(Volatile.Read(ref _confirmedSince));
            return left > TimeSpan.Zero ? left : TimeSpan.Zero;
        }
    }

    /// <summary>Stops the renewal and revokes the lease: its keys are deleted. When the cluster cannot be reached the lease ends by itself.</summary>
    /// <exception cref="KvUnavailableException">It could not be revoked in time.</exception>
    public async ValueTask DisposeAsync()
    {
        lock (_gate)
        {
            if (_disposed) return;
            _disposed = true;
        }
        _keeper.Remove(this);
        await _timer.DisposeAsync().ConfigureAwait(false);
        if (!Volatile.Read(ref _ended) && !_leases.IsClosed) await _leases.RevokeIfThereAsync(Id).ConfigureAwait(false);
        _lost.Dispose();
    }

    /// <summary>It is left to end by itself. <see cref="Lost"/> goes on to tell when.</summary>
    internal void StopRenewal() => _keeper.Remove(this);

    /// <summary>From now on until it has to be renewed: a third of its time to live after the newest confirmation.</summary>
    internal TimeSpan RenewalDueIn => TimeToLive / RenewalsPerTimeToLive - _time.GetElapsedTime(Volatile.Read(ref _confirmedSince));

    internal bool HasEnded => Volatile.Read(ref _ended);

    internal void Confirmed(long sent)
    {
        lock (_gate)
        {
            if (_ended || _disposed || sent <= _confirmedSince) return;
            Volatile.Write(ref _confirmedSince, sent);
            SetTimer();
        }
    }

    /// <summary>The cluster says that it has ended, or it could have.</summary>
    internal void End()
    {
        lock (_gate)
        {
            if (_ended || _disposed) return;
            Volatile.Write(ref _ended, true);
            _ = _lost.CancelAsync();
        }
        _keeper.Remove(this);
    }

    /// <summary>Set again when the process stood still between the look at the clock and the timer: it would be late by as much.</summary>
    private void SetTimer()
    {
        TimeSpan set;
        do
        {
            set = LookIn;
            _timer.Change(set, Timeout.InfiniteTimeSpan);
        }
        while (set - LookIn > LatenessMax);
    }

    /// <summary>A timer takes no more than 49 days.</summary>
    private TimeSpan LookIn => SafeFor is var left && left < LookMax ? left : LookMax;

    private void Look()
    {
        if (SafeFor == TimeSpan.Zero) End();
        else SetTimer();
    }
}
