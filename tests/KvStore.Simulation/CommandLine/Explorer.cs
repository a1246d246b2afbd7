namespace KvStore.Simulation.CommandLine;

/// <summary>Runs seeds one after the other until enough are done or one fails.</summary>
internal sealed class Explorer(TextWriter output)
{
    /// <summary>Every so many runs one is done twice, and the traces must be the same.</summary>
    private const int TwiceEvery = 100;

    public SimulationVerdict Run(ulong from, Limits limits, SimulationOptions options)
    {
        var totals = new Totals();
        var verdict = SimulationVerdict.Passed;
        for (var seed = from; verdict == SimulationVerdict.Passed && !limits.Reached(totals); seed++)
        {
            var outcome = Simulator.Run(seed, options);
            totals.Add(outcome);
            verdict = outcome.Verdict;
            if (verdict != SimulationVerdict.Passed) output.WriteLine(outcome);
            else if (options.Trace is null && (seed - from) % TwiceEvery == 0 && Difference(outcome, Simulator.Run(seed, options)) is { } difference)
            {
                output.WriteLine(difference);
                verdict = SimulationVerdict.Wrong;
            }
        }
        output.WriteLine(totals);
        return verdict;
    }

    /// <summary>Null when two runs of a seed were the same.</summary>
    public static string? Difference(SimulationOutcome one, SimulationOutcome other)
    {
        if (one.TraceHash == other.TraceHash && one.Verdict == other.Verdict) return null;
        var second = 0;
        while (second < Math.Min(one.TraceSeconds.Count, other.TraceSeconds.Count) && one.TraceSeconds[second] == other.TraceSeconds[second]) second++;
        return $"seed {one.Seed}: two runs differ from simulated second {second} on ({one.TraceHash:x16} and {other.TraceHash:x16})\n  replay: {one.Replay}";
    }
}

/// <summary>When enough was done: after so many seeds, so much real time, or so much simulated time; null: no limit.</summary>
internal readonly record struct Limits(ulong? Runs, TimeSpan? Time, TimeSpan? Simulated)
{
    public bool Reached(Totals totals) => (ulong)totals.Seeds >= Runs || totals.Elapsed >= Time || totals.Simulated >= Simulated;
}
