namespace KvStore.Raft;

/// <summary>Persisted numbers.</summary>
public enum ConfigurationTransition : byte
{
    /// <summary>Simple when at most one voter changes, else joint with automatic leave.</summary>
    Automatic = 1,
    JointImplicit = 2,
    JointExplicit = 3,
    /// <summary>Leave a joint configuration that was entered explicitly; the change has no steps.</summary>
    LeaveJoint = 4,
}
