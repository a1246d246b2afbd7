using System.Diagnostics;

namespace KvStore.Bench;

/// <summary>
/// How long this process, or the machine, stood still at most: a thread that sleeps a millisecond at a time notes when it came back late. What it was late by no server is to blame for.
/// </summary>
internal sealed class Standstill : IDisposable
{
    private readonly Thread _thread;
    private volatile bool _over;
    private long _longest;

    public Standstill()
    {
        _thread = new Thread(Watch) { IsBackground = true, Name = "standstill", Priority = ThreadPriority.Highest };
        _thread.Start();
    }

    /// <summary>The longest since the last call.</summary>
    public double TakeMilliseconds() => Math.Round(Interlocked.Exchange(ref _longest, 0) * 1e3 / Stopwatch.Frequency, 1);

    public void Dispose()
    {
        _over = true;
        _thread.Join();
    }

    private void Watch()
    {
        var last = Stopwatch.GetTimestamp();
        while (!_over)
        {
            Thread.Sleep(1);
            var now = Stopwatch.GetTimestamp();
            if (now - last > Volatile.Read(ref _longest)) Volatile.Write(ref _longest, now - last);
            last = now;
        }
    }
}
