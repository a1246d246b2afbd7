namespace KvStore.Linearizability.Anomalies;

/// <summary>
/// What is known of the order in which the values of one key followed each other: absence first; what was read before what the reader put in its place; a text before one that continues it
/// behind a comma; and what was there before something else was called for, since each key by itself is linearizable (what contradicts that is left out).
/// </summary>
internal sealed class VersionOrder
{
    private sealed class Times
    {
        public long FirstReturn { get; set; } = long.MaxValue;
        public long LastCall { get; set; } = long.MinValue;
    }

    private readonly Dictionary<Value, Times> _times = [];
    private readonly HashSet<(Value Before, Value After)> _pairs = [];

    /// <summary>Values that one footprint read and replaced are given by <see cref="Replaced"/>.</summary>
    public void Touched(Value value, Operation by)
    {
        if (!_times.TryGetValue(value, out var times)) _times[value] = times = new Times();
        times.LastCall = Math.Max(times.LastCall, by.Call);
        if (by.Outcome == Outcome.Completed && by.Return is { } at) times.FirstReturn = Math.Min(times.FirstReturn, at);
    }

    public void Replaced(Value before, Value after) => _pairs.Add((before, after));

    public IReadOnlyCollection<(Value Before, Value After)> Pairs()
    {
        foreach (var (value, times) in _times)
        {
            if (!value.IsAbsent) _pairs.Add((Value.Absent, value));
            if (!value.IsAbsent && value.Text.LastIndexOf(',') is > 0 and var comma && _times.ContainsKey(value.Text[..comma])) _pairs.Add((value.Text[..comma], value));
            foreach (var (other, otherTimes) in _times)
            {
                if (value == other || value.IsAbsent || other.IsAbsent) continue;
                if (times.FirstReturn < otherTimes.LastCall && otherTimes.FirstReturn >= times.LastCall) _pairs.Add((value, other));
            }
        }
        return _pairs;
    }
}
