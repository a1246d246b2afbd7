using KvStore.Raft;

namespace KvStore.Simulation.Checks;

/// <summary>
/// One counter that only increments by one change: no acknowledged increment is lost or applied twice, and all that clients see fits one order that keeps real time. Completed
/// increments have distinct results; one that was called after another returned has the greater result; a read lies between what had returned before it and what was called before it
/// returned; and what is missing in the sequence of results is covered by increments of unknown outcome.
/// </summary>
internal sealed class CounterCheck(string key, Findings findings)
{
    public const string Name = "counter";

    private readonly List<Observation> _observations = [];
    private int _unknown;

    private readonly record struct Observation(long Call, long Return, long Value, bool IsRead);

    public string Key => key;

    public void Incremented(long call, long at, long value) => _observations.Add(new Observation(call, at, value, IsRead: false));

    public void Read(long call, long at, long value) => _observations.Add(new Observation(call, at, value, IsRead: true));

    public void Unknown() => _unknown++;

    /// <summary>After the last operation; the final value was read after everything else had ended.</summary>
    public void Finish(long? finalValue)
    {
        var results = _observations.Where(each => !each.IsRead).Select(each => each.Value).Order().ToList();
        for (var i = 1; i < results.Count; i++)
            if (results[i] == results[i - 1]) findings.Report(Name, $"two increments of \"{key}\" were both answered with {results[i]}");
        var greatest = results.Count > 0 ? results[^1] : 0;
        if (greatest > results.Count + _unknown) findings.Report(Name, $"\"{key}\" was incremented to {greatest} by {results.Count} answered increments and {_unknown} of unknown outcome");
        if (finalValue is { } final && (final < greatest || final > results.Count + _unknown))
            findings.Report(Name, $"\"{key}\" ends as {final} after {results.Count} answered increments, the greatest to {greatest}, and {_unknown} of unknown outcome");
        CheckRealTime();
    }

    /// <summary>In order of calls, with the greatest value that had been seen by then; an increment must exceed it, a read must reach it.</summary>
    private void CheckRealTime()
    {
        var byCall = _observations.OrderBy(each => each.Call).ToList();
        var byReturn = _observations.OrderBy(each => each.Return).ToList();
        var (next, seen) = (0, 0L);
        foreach (var each in byCall)
        {
            for (; next < byReturn.Count && byReturn[next].Return < each.Call; next++) seen = Math.Max(seen, byReturn[next].Value);
            if (each.IsRead ? each.Value >= seen : each.Value > seen) continue;
            findings.Report(Name, $"{(each.IsRead ? "a read" : "an increment")} of \"{key}\" called at {new MonotonicTime(each.Call)} saw {each.Value}, though {seen} had been seen before");
            return;
        }
    }
}
