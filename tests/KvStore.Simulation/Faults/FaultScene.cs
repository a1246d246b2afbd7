using KvStore.Raft;
using KvStore.Simulation.Running;
using KvStore.Simulation.World;

namespace KvStore.Simulation.Faults;

/// <summary>Where and by which chance one fault happens. Its chance is its own, so that leaving out another fault does not change it.</summary>
internal sealed class FaultScene(SimulationRun run, VirtualRandom random, TimeSpan time)
{
    /// <summary>For faults that are over at once.</summary>
    public static readonly Action Over = static () => { };

    public SimulationRun Run => run;
    public VirtualCluster Cluster => run.Cluster;
    public VirtualRandom Random => random;

    /// <summary>How long it is to last.</summary>
    public TimeSpan Time => time;

    public VirtualNode AnyNode() => random.Pick(run.Cluster.Nodes);

    /// <summary>A node that runs, the leader of some group in half the cases; null when none does.</summary>
    public VirtualNode? RunningNode()
    {
        var up = run.Cluster.Nodes.Where(node => node.IsUp).ToList();
        if (up.Count == 0) return null;
        return random.Chance(50) && Leader() is { } leader ? leader : random.Pick(up);
    }

    /// <summary>The leader of some group, preferably of one with data; null when there is none.</summary>
    public VirtualNode? Leader()
    {
        var group = new GroupId((ulong)random.Next(run.Groups));
        return run.Cluster.LeaderOf(group);
    }

    /// <summary>Whether one more node may go down now: a minority at any time, and now and then more.</summary>
    public bool MayTakeDown()
    {
        var down = run.Cluster.Nodes.Count(node => !node.IsUp || node.IsFrozen);
        return down < run.Cluster.Nodes.Count && (down < run.Cluster.Nodes.Count / 2 || random.Chance(10));
    }
}
