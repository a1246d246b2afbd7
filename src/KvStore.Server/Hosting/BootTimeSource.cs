using System.Diagnostics;
using System.Runtime.InteropServices;
using KvStore.Node.Time;
using KvStore.Raft;

namespace KvStore.Server.Hosting;

/// <summary>CLOCK_BOOTTIME: counts on while the process or the machine is stopped. Elsewhere than on Linux: the monotonic clock of the runtime.</summary>
internal sealed partial class BootTimeSource : ITimeSource
{
    private const int ClockBootTime = 7;
    private static readonly bool HasBootTime = OperatingSystem.IsLinux();

    public MonotonicTime Now
    {
        get
        {
            if (!HasBootTime) return new MonotonicTime(Stopwatch.GetElapsedTime(0).Ticks * 100);
            if (ClockGetTime(ClockBootTime, out var time) != 0) throw new InvalidOperationException("clock_gettime(CLOCK_BOOTTIME) failed.");
            return new MonotonicTime(time.Seconds * 1_000_000_000 + time.Nanoseconds);
        }
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct TimeSpecification
    {
        public long Seconds;
        public long Nanoseconds;
    }

    [LibraryImport("libc", EntryPoint = "clock_gettime")]
    [SuppressGCTransition]
    private static partial int ClockGetTime(int clock, out TimeSpecification time);
}
