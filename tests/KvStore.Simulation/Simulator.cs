using KvStore.Simulation.Membership;
using KvStore.Simulation.Running;

namespace KvStore.Simulation;

/// <summary>Runs whole clusters on this thread, one seed at a time. The same seed and options give the same outcome and the same trace.</summary>
public static class Simulator
{
    /// <summary>Runs one seed to its end or to the first thing that is wrong.</summary>
    public static SimulationOutcome Run(ulong seed, SimulationOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        if (IsMembership(seed, options)) return new MembershipRun(seed, options).Run();
        using var run = new SimulationRun(seed, options);
        return run.Run();
    }

    /// <summary>Every eighth seed is one of the small simulation of a group whose members change, which a node does not offer yet.</summary>
    private static bool IsMembership(ulong seed, SimulationOptions options) => options.Workload is null ? seed % MembershipEvery == 0 : options.Workload == MembershipRun.Name;

    private const ulong MembershipEvery = 8;
}
