using KvStore.Raft;

namespace KvStore.Simulation.Consensus;

/// <summary>One seed of one Raft group alone, with changes of members and limits of a few hundred bytes: hundreds of elections in the time of one run of a whole cluster.</summary>
internal static class GroupRun
{
    private static readonly TimeSpan Duration = TimeSpan.FromSeconds(5);

    /// <exception cref="ConsensusViolationException">A check found a broken promise.</exception>
    /// <exception cref="NoProgressException">The healed group stood still.</exception>
    /// <exception cref="InvariantViolationException">The product's own assertion.</exception>
    public static RandomCluster Run(string kind, int seed)
    {
        var cluster = new RandomCluster(seed, RandomFaults.Kinds[kind]);
        cluster.Run(Duration);
        cluster.HealAndRequireProgress();
        cluster.Checker.CheckLogs();
        return cluster;
    }

    /// <summary>Null when nothing was wrong; else what found it and what it is.</summary>
    public static (SimulationVerdict Verdict, string Check, string Message)? Find(string kind, int seed)
    {
        try
        {
            Run(kind, seed);
            return null;
        }
        catch (ConsensusViolationException violation)
        {
            return (SimulationVerdict.Wrong, "group", violation.Message);
        }
        catch (NoProgressException stuck)
        {
            return (SimulationVerdict.Stuck, "liveness", stuck.Message);
        }
        catch (InvariantViolationException broken)
        {
            return (SimulationVerdict.Wrong, "assertion", broken.Message);
        }
    }
}
