namespace KvStore.Client.Internal.Watching;

/// <summary>Arithmetic of intervals whose empty end is the end of the keyspace.</summary>
internal static class Intervals
{
    /// <summary>What two intervals share; null when that is nothing.</summary>
    public static KvRange? Overlap(KvRange a, KvRange b)
    {
        var start = a.Start.Memory.Span.SequenceCompareTo(b.Start.Memory.Span) >= 0 ? a.Start : b.Start;
        var end = Earlier(a.End, b.End);
        return IsEmpty(new KvRange(start, end)) ? null : new KvRange(start, end);
    }

    public static bool IsEmpty(KvRange range) => range.End.Length > 0 && range.Start.Memory.Span.SequenceCompareTo(range.End.Memory.Span) >= 0;

    /// <summary>The earlier one of two ends.</summary>
    public static KvBytes Earlier(KvBytes a, KvBytes b)
    {
        if (a.Length == 0 || b.Length == 0) return a.Length == 0 ? b : a;
        return a.Memory.Span.SequenceCompareTo(b.Memory.Span) <= 0 ? a : b;
    }

    /// <summary>What of an interval lies before a key; null when that is nothing.</summary>
    public static KvRange? Before(KvRange interval, KvBytes key) => key.Length == 0 ? null : Overlap(interval, new KvRange(default, key));

    /// <summary>What of an interval lies at or behind an end; null when that is nothing.</summary>
    public static KvRange? Behind(KvRange interval, KvBytes end) => end.Length == 0 ? null : Overlap(interval, new KvRange(end, default));
}
