using System.Diagnostics;
using KvStore.Linearizability;

namespace KvStore.Jepsen.Recording;

/// <summary>Takes down what all clients do, by one monotonic clock. Thread-safe.</summary>
internal sealed class Recorder
{
    private long _start = Stopwatch.GetTimestamp();
    private readonly Lock _gate = new();
    private readonly List<Entry> _entries = [];
    private readonly long[] _counts = new long[3];
    private int _clients;

    /// <summary>Nanoseconds since the run began.</summary>
    public long Now => Stopwatch.GetElapsedTime(_start).Ticks * 100;

    /// <summary>The run begins now. Before anything is recorded.</summary>
    public void Begin() => _start = Stopwatch.GetTimestamp();

    /// <summary>A number that no client had before: after an operation of unknown outcome a client goes on under a new one.</summary>
    public int NewClient() => Interlocked.Increment(ref _clients);

    public long Count(Outcome outcome) => Interlocked.Read(ref _counts[(int)outcome]);

    public void Add(Entry entry)
    {
        Interlocked.Increment(ref _counts[(int)entry.Outcome]);
        lock (_gate) _entries.Add(entry);
    }

    /// <summary>What was recorded until now, in the order of return.</summary>
    public IReadOnlyList<Entry> Entries()
    {
        lock (_gate) return [.. _entries];
    }
}
