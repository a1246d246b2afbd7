namespace KvStore.Raft;

/// <summary>
/// The members of a group (dissertation §4): voters, in a joint configuration also the outgoing voters, and learners.
/// Immutable; the sets are sorted and without duplicates.
/// </summary>
public sealed class Configuration(
    IReadOnlyList<ReplicaId> voters,
    IReadOnlyList<ReplicaId>? outgoing = null,
    IReadOnlyList<ReplicaId>? learners = null,
    IReadOnlyList<ReplicaId>? learnersNext = null,
    bool autoLeave = false)
{
    public IReadOnlyList<ReplicaId> Voters { get; } = voters;
    /// <summary>The old voters while the configuration is joint; empty otherwise.</summary>
    public IReadOnlyList<ReplicaId> Outgoing { get; } = outgoing ?? [];
    public IReadOnlyList<ReplicaId> Learners { get; } = learners ?? [];
    /// <summary>Outgoing voters that become learners when the joint configuration is left.</summary>
    public IReadOnlyList<ReplicaId> LearnersNext { get; } = learnersNext ?? [];
    /// <summary>The leader leaves the joint configuration by itself once it is committed.</summary>
    public bool AutoLeave { get; } = autoLeave;
    public bool IsJoint => Outgoing.Count > 0;
}
