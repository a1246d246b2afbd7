using System.Diagnostics.CodeAnalysis;

namespace KvStore.Raft;

/// <summary>How a configuration follows from another one (dissertation §4.3; the rules for learners are etcd's, whose vectors the tests run).</summary>
internal static class ConfigurationArithmetic
{
    public static bool TryApply(Configuration current, ConfigurationChange change, [NotNullWhen(true)] out Configuration? next, [NotNullWhen(false)] out string? reason)
    {
        next = null;
        reason = change.Transition switch
        {
            ConfigurationTransition.LeaveJoint => Leave(current, change, out next),
            ConfigurationTransition.JointImplicit => EnterJoint(current, change, autoLeave: true, out next),
            ConfigurationTransition.JointExplicit => EnterJoint(current, change, autoLeave: false, out next),
            ConfigurationTransition.Automatic => SimpleOrJoint(current, change, out next),
            _ => $"unknown transition {change.Transition}",
        };
        if (reason is not null) next = null;
        return reason is null && next is not null;
    }

    private static string? SimpleOrJoint(Configuration current, ConfigurationChange change, out Configuration? next)
    {
        var refusal = Simple(current, change, out next);
        if (refusal is null || current.IsJoint || next is null) return refusal;
        return EnterJoint(current, change, autoLeave: true, out next);
    }

    /// <summary>At most one voter comes or goes, so that any two majorities of old and new overlap. On "more than one" <paramref name="next"/> is set to show that only this was wrong.</summary>
    internal static string? Simple(Configuration current, ConfigurationChange change, out Configuration? next)
    {
        next = null;
        if (current.IsJoint) return "can't apply simple config change in joint config";
        var (voters, learners, _, refusal) = Steps(current.Voters, [], current.Learners, [], change.Steps);
        if (refusal is not null) return refusal;
        next = new Configuration([.. voters], learners: [.. learners]);
        var different = new SortedSet<ReplicaId>(current.Voters);
        different.SymmetricExceptWith(voters);
        return different.Count > 1 ? "more than one voter changed without entering joint config" : null;
    }

    private static string? EnterJoint(Configuration current, ConfigurationChange change, bool autoLeave, out Configuration? next)
    {
        next = null;
        if (current.IsJoint) return "config is already joint";
        if (current.Voters.Count == 0) return "can't make a zero-voter config joint";
        var (voters, learners, learnersNext, refusal) = Steps(current.Voters, current.Voters, current.Learners, [], change.Steps);
        if (refusal is not null) return refusal;
        next = new Configuration([.. voters], current.Voters, [.. learners], [.. learnersNext], autoLeave);
        return null;
    }

    private static string? Leave(Configuration current, ConfigurationChange change, out Configuration? next)
    {
        next = null;
        if (!current.IsJoint) return "can't leave a non-joint config";
        if (change.Steps.Count > 0) return "leaving a joint config takes no steps";
        next = new Configuration(current.Voters, learners: [.. current.Learners, .. current.LearnersNext]);
        return null;
    }

    private static (SortedSet<ReplicaId> Voters, SortedSet<ReplicaId> Learners, SortedSet<ReplicaId> LearnersNext, string? Refusal) Steps(
        IReadOnlyList<ReplicaId> votersBefore, IReadOnlyList<ReplicaId> outgoing, IReadOnlyList<ReplicaId> learnersBefore, IReadOnlyList<ReplicaId> learnersNextBefore, IReadOnlyList<ConfigurationChange.Step> steps)
    {
        SortedSet<ReplicaId> voters = [.. votersBefore], learners = [.. learnersBefore], learnersNext = [.. learnersNextBefore];
        foreach (var step in steps)
        {
            if (step.Replica == ReplicaId.None) continue;
            if (step.Kind is < ConfigurationChange.StepKind.AddVoter or > ConfigurationChange.StepKind.Remove) return (voters, learners, learnersNext, $"unknown step {step.Kind}");
            voters.Remove(step.Replica);
            learners.Remove(step.Replica);
            learnersNext.Remove(step.Replica);
            if (step.Kind == ConfigurationChange.StepKind.AddVoter) voters.Add(step.Replica);
            // A voter of the outgoing half stays one until the joint configuration is left, so it cannot be a learner yet.
            else if (step.Kind == ConfigurationChange.StepKind.AddLearner) (outgoing.Contains(step.Replica) ? learnersNext : learners).Add(step.Replica);
        }
        return (voters, learners, learnersNext, voters.Count == 0 ? "removed all voters" : null);
    }
}
