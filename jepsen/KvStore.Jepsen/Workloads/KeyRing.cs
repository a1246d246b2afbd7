using System.Diagnostics;

namespace KvStore.Jepsen.Workloads;

/// <summary>
/// The few keys that all clients use at a time. They lie in different ranges, so in different groups. A key is given up for a fresh one after some seconds, one at a time, so that no
/// key gets more operations than the checker can search, yet each lives through several faults. Thread-safe.
/// </summary>
internal sealed class KeyRing(string name, int slots, TimeSpan lifetime)
{
    // The default keyspace begins with ranges split at g, n and t.
    private static readonly string[] Prefixes = ["a", "h", "p", "u"];
    private readonly long _start = Stopwatch.GetTimestamp();
    private readonly Lock _gate = new();
    private readonly SortedSet<string> _used = new(StringComparer.Ordinal);

    /// <summary>All keys that were ever given out.</summary>
    public IReadOnlyList<string> Used
    {
        get
        {
            lock (_gate) return [.. _used];
        }
    }

    public string Pick(Random random)
    {
        var slot = random.Next(slots);
        // Each slot changes at another time.
        var age = Stopwatch.GetElapsedTime(_start) + (lifetime * slot / slots);
        var key = $"{Prefixes[slot % Prefixes.Length]}/{name}/{slot}-{(int)(age / lifetime)}";
        lock (_gate) _used.Add(key);
        return key;
    }
}
