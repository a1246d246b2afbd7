namespace KvStore.Simulation.CommandLine;

/// <summary>Makes a failing run smaller: less time, fewer faults (delta debugging), fewer clients, as long as the same check fails.</summary>
internal sealed class Shrinker(ulong seed, TextWriter output)
{
    private const int RunsMax = 400;

    private readonly HashSet<int> _without = [];
    private SimulationOptions _options = new();
    private SimulationOutcome? _failure;
    private int _runs;

    public SimulationVerdict Run(SimulationOptions options)
    {
        _options = options;
        _without.UnionWith(options.WithoutFaults);
        _failure = Simulator.Run(seed, options);
        if (_failure.Verdict == SimulationVerdict.Passed)
        {
            output.WriteLine($"seed {seed} passes: there is nothing to shrink");
            return SimulationVerdict.Passed;
        }
        output.WriteLine(_failure);
        ShortenTime();
        DropFaults();
        DropClients();
        output.WriteLine($"after {_runs} runs:");
        output.WriteLine(_failure);
        return _failure.Verdict;
    }

    private void ShortenTime()
    {
        for (var seconds = Math.Min(Math.Ceiling(_failure!.Simulated.TotalSeconds), _options.Duration.TotalSeconds); seconds >= 1 && Fails(_options with { Duration = TimeSpan.FromSeconds(seconds) }); seconds = Math.Floor(seconds * 0.7))
        {
        }
    }

    private void DropFaults()
    {
        var left = Enumerable.Range(0, _failure!.FaultsPlanned).Where(number => !_without.Contains(number)).ToList();
        for (var size = Math.Max(1, left.Count / 2); ; size = Math.Max(1, size / 2))
        {
            for (var at = 0; at < left.Count;)
            {
                var part = left.Skip(at).Take(size).ToList();
                if (Fails(_options with { WithoutFaults = _without.Concat(part).ToHashSet() }))
                {
                    _without.UnionWith(part);
                    left.RemoveRange(at, part.Count);
                }
                else at += size;
            }
            if (size == 1) return;
        }
    }

    private void DropClients()
    {
        foreach (var clients in (int[])[1, 2, 3, 4, 6])
            if (Fails(_options with { Clients = clients })) return;
    }

    private bool Fails(SimulationOptions smaller)
    {
        if (_runs++ >= RunsMax) return false;
        var outcome = Simulator.Run(seed, smaller);
        if (outcome.Verdict != _failure!.Verdict || outcome.Check != _failure.Check) return false;
        (_options, _failure) = (smaller, outcome);
        return true;
    }
}
