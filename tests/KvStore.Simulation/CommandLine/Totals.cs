using System.Diagnostics;
using System.Globalization;

namespace KvStore.Simulation.CommandLine;

/// <summary>What all runs of one call did together.</summary>
internal sealed class Totals
{
    private readonly Stopwatch _watch = Stopwatch.StartNew();
    private readonly TimeSpan _processorAtStart = Process.GetCurrentProcess().TotalProcessorTime;
    private long _operations;
    private long _faults;
    private readonly SortedDictionary<string, long> _counts = new(StringComparer.Ordinal);

    public int Seeds { get; private set; }
    public TimeSpan Simulated { get; private set; }
    public TimeSpan Elapsed => _watch.Elapsed;

    public void Add(SimulationOutcome outcome)
    {
        Seeds++;
        Simulated += outcome.Simulated;
        _operations += outcome.Operations;
        _faults += outcome.Faults;
        foreach (var (what, count) in outcome.Counts) _counts[what] = _counts.GetValueOrDefault(what) + count;
    }

    public override string ToString()
    {
        var seconds = Simulated.TotalSeconds;
        var processor = (Process.GetCurrentProcess().TotalProcessorTime - _processorAtStart).TotalSeconds;
        var counted = string.Concat(_counts.Select(pair => string.Create(CultureInfo.InvariantCulture, $"{pair.Value} {pair.Key}\n")));
        return counted + string.Create(CultureInfo.InvariantCulture,
            $"{seconds / 3600:F2} simulated hours, {Seeds} seeds, {_operations} operations ({_operations / seconds:F1} a simulated second), {_faults} faults ({_faults / seconds:F2}), {seconds / _watch.Elapsed.TotalSeconds:F0} simulated seconds a second ({seconds / processor:F0} a second of processor time)");
    }
}
