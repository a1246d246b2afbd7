using KvStore.Simulation.Running;

namespace KvStore.Simulation;

/// <summary>Runs whole clusters on this thread, one seed at a time. The same seed and options give the same outcome and the same trace.</summary>
public static class Simulator
{
    /// <summary>Runs one seed to its end or to the first thing that is wrong.</summary>
    public static SimulationOutcome Run(ulong seed, SimulationOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        using var run = new SimulationRun(seed, options);
        return run.Run();
    }
}
