namespace KvStore.Raft;

/// <summary>A change of a group's members: steps that are applied together. More than one voter changed goes through a joint configuration.</summary>
public sealed record ConfigurationChange(IReadOnlyList<ConfigurationChange.Step> Steps, ConfigurationTransition Transition = ConfigurationTransition.Automatic)
{
    /// <summary>AddLearner of a voter demotes it, AddVoter of a learner promotes it; removing what is absent changes nothing.</summary>
    public readonly record struct Step(StepKind Kind, ReplicaId Replica);

    /// <summary>Persisted numbers.</summary>
    public enum StepKind : byte { AddVoter = 1, AddLearner = 2, Remove = 3 }

    /// <summary>Ends a joint configuration.</summary>
    public static readonly ConfigurationChange Leave = new([], ConfigurationTransition.LeaveJoint);
}
