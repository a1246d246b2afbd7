namespace KvStore.Raft;

/// <summary>
/// Nanoseconds of a monotonic clock that keeps counting while the process or machine is stopped
/// (CLOCK_BOOTTIME). Values of two nodes do not compare.
/// </summary>
public readonly record struct MonotonicTime(long Nanoseconds) : IComparable<MonotonicTime>
{
    public int CompareTo(MonotonicTime other) => Nanoseconds.CompareTo(other.Nanoseconds);
    public static bool operator <(MonotonicTime a, MonotonicTime b) => a.Nanoseconds < b.Nanoseconds;
    public static bool operator >(MonotonicTime a, MonotonicTime b) => a.Nanoseconds > b.Nanoseconds;
    public static bool operator <=(MonotonicTime a, MonotonicTime b) => a.Nanoseconds <= b.Nanoseconds;
    public static bool operator >=(MonotonicTime a, MonotonicTime b) => a.Nanoseconds >= b.Nanoseconds;
    public static MonotonicTime operator +(MonotonicTime a, TimeSpan d) => new(a.Nanoseconds + d.Ticks * 100);
    public static TimeSpan operator -(MonotonicTime a, MonotonicTime b) => TimeSpan.FromTicks((a.Nanoseconds - b.Nanoseconds) / 100);
}
