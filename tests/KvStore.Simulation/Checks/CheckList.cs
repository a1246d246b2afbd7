namespace KvStore.Simulation.Checks;

/// <summary>All rules of Raft that are checked in every run. A new one is a file and a line here.</summary>
internal static class CheckList
{
    /// <param name="isDamaged">Whether a replica's disk was damaged by a fault: it may have lost what it had acknowledged.</param>
    public static IReadOnlyList<ReplicaCheck> Make(Findings findings, bool trustsLeases, Func<ObservedReplica, bool> isDamaged)
    {
        List<ReplicaCheck> checks =
        [
            new LeaderPerTermCheck(findings), new VoteCheck(findings, isDamaged), new LogMatchingCheck(findings), new CommittedPrefixCheck(findings), new LeaderCompletenessCheck(findings),
            new DurabilityCheck(findings, isDamaged), new StateHashCheck(findings),
        ];
        if (trustsLeases) checks.Add(new LeaseExclusionCheck(findings));
        return checks;
    }
}
