using System.Runtime.InteropServices;

namespace KvStore.Server.Hosting;

/// <summary>
/// One thread waits, any thread wakes it: a futex on Linux, because a wake-up is on the path of every write. Setting an open gate costs one read.
/// </summary>
internal sealed unsafe partial class Gate
{
    private const int Closed = 0, Open = 1, Sleeping = -1;
    private const int FutexWaitPrivate = 128, FutexWakePrivate = 129;
    private static readonly long FutexCall = !OperatingSystem.IsLinux() ? 0 : RuntimeInformation.ProcessArchitecture switch
    {
        Architecture.X64 => 202,
        Architecture.Arm64 => 98,
        _ => 0,
    };

    // A cache line of its own; outside the GC heap so that its address holds. Never freed: a late Set may still come, and there is one a worker.
    private readonly int* _state = (int*)NativeMemory.AlignedAlloc(64, 64);
    private readonly SemaphoreSlim? _fallback = FutexCall == 0 ? new SemaphoreSlim(0, 1) : null;

    public Gate() => *_state = Closed;

    public void Set()
    {
        if (Volatile.Read(ref *_state) == Open) return;
        if (Interlocked.Exchange(ref *_state, Open) != Sleeping) return;
        if (_fallback is null) Syscall(FutexCall, _state, FutexWakePrivate, 1, null, null, 0);
        else _fallback.Release();
    }

    /// <summary>Returns once the gate was set since the last return, or after the timeout (null: never), or spuriously; closes the gate.</summary>
    public void Wait(TimeSpan? timeout)
    {
        if (Interlocked.CompareExchange(ref *_state, Closed, Open) == Open) return;
        if (timeout is { } none && none <= TimeSpan.Zero) return;
        if (Interlocked.CompareExchange(ref *_state, Sleeping, Closed) == Closed)
        {
            if (_fallback is null) Sleep(timeout);
            else _fallback.Wait(timeout ?? Timeout.InfiniteTimeSpan);
        }

        Interlocked.Exchange(ref *_state, Closed);
    }

    private void Sleep(TimeSpan? timeout)
    {
        if (timeout is not { } limit)
        {
            Syscall(FutexCall, _state, FutexWaitPrivate, Sleeping, null, null, 0);
            return;
        }

        var time = stackalloc long[2];
        time[0] = limit.Ticks / TimeSpan.TicksPerSecond;
        time[1] = limit.Ticks % TimeSpan.TicksPerSecond * 100;
        Syscall(FutexCall, _state, FutexWaitPrivate, Sleeping, time, null, 0);
    }

    [LibraryImport("libc", EntryPoint = "syscall")]
    private static partial long Syscall(long number, int* address, int operation, int value, long* timeout, void* address2, int value3);
}
