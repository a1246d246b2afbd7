using KvStore.Simulation.Running;

namespace KvStore.Simulation.Checks;

/// <summary>All rules of Raft that are checked in every run. A new one is a file and a line here.</summary>
internal static class CheckList
{
    public static IReadOnlyList<ReplicaCheck> Make(SimulationRun run)
    {
        var findings = run.Findings;
        List<ReplicaCheck> checks =
        [
            new LeaderPerTermCheck(findings), new VoteCheck(findings, IsDamaged), new LogMatchingCheck(findings), new CommittedPrefixCheck(findings), new LeaderCompletenessCheck(findings),
            new DurabilityCheck(findings, IsDamaged), new StateHashCheck(findings),
        ];
        if (run.TrustsLeases) checks.Add(new LeaseExclusionCheck(findings));
        return checks;

        bool IsDamaged(ObservedReplica replica) => run.Machines.IsDamaged(replica.Node);
    }
}
