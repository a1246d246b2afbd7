namespace KvStore.Raft;

/// <summary>Whether the leader took a proposal. All but <see cref="Accepted"/> mean that it was certainly not appended.</summary>
public enum ProposeStatus
{
    Accepted,
    NotLeader,
    /// <summary>The bound on uncommitted bytes is reached.</summary>
    Overloaded,
    /// <summary>Leadership is being transferred.</summary>
    Transferring,
    /// <summary>A configuration change is not yet applied, or the change is invalid (ProposeConfigurationChange only).</summary>
    ConfigurationChangeRefused,
}
