using System.Diagnostics.CodeAnalysis;

namespace KvStore.Raft;

/// <summary>
/// The members of a group (dissertation §4): voters, in a joint configuration also the outgoing voters, and learners.
/// Immutable; the sets are sorted and without duplicates, and no replica is a learner and a voter of the same half.
/// </summary>
public sealed class Configuration(
    IReadOnlyList<ReplicaId> voters,
    IReadOnlyList<ReplicaId>? outgoing = null,
    IReadOnlyList<ReplicaId>? learners = null,
    IReadOnlyList<ReplicaId>? learnersNext = null,
    bool autoLeave = false) : IEquatable<Configuration>
{
    /// <summary>No members: a replica that learns its group from the leader's first message.</summary>
    public static readonly Configuration Empty = new([]);

    public IReadOnlyList<ReplicaId> Voters { get; } = Sorted(voters);
    /// <summary>The old voters while the configuration is joint; empty otherwise.</summary>
    public IReadOnlyList<ReplicaId> Outgoing { get; } = Sorted(outgoing);
    public IReadOnlyList<ReplicaId> Learners { get; } = Sorted(learners);
    /// <summary>Outgoing voters that become learners when the joint configuration is left.</summary>
    public IReadOnlyList<ReplicaId> LearnersNext { get; } = Sorted(learnersNext);
    /// <summary>The leader leaves the joint configuration by itself once it is committed.</summary>
    public bool AutoLeave { get; } = autoLeave;
    public bool IsJoint => Outgoing.Count > 0;

    /// <summary>Whether the replica's vote counts: it is a voter of either half.</summary>
    public bool IsVoter(ReplicaId replica) => Contains(Voters, replica) || Contains(Outgoing, replica);

    public bool IsLearner(ReplicaId replica) => Contains(Learners, replica);

    /// <summary>Whether the replica alone decides everything.</summary>
    public bool IsSoleVoter(ReplicaId replica) => !IsJoint && Voters.Count == 1 && Voters[0] == replica;

    /// <summary>All members once, in order of their ids.</summary>
    public IReadOnlyList<ReplicaId> Members() => Sorted([.. Voters, .. Outgoing, .. Learners]);

    /// <summary>The configuration after <paramref name="change"/>, or why it cannot follow on this one. A pure function, the same on every replica.</summary>
    public bool TryApply(ConfigurationChange change, [NotNullWhen(true)] out Configuration? next, [NotNullWhen(false)] out string? reason) =>
        ConfigurationArithmetic.TryApply(this, change, out next, out reason);

    public bool Equals(Configuration? other) =>
        other is not null && AutoLeave == other.AutoLeave && Voters.SequenceEqual(other.Voters) && Outgoing.SequenceEqual(other.Outgoing)
        && Learners.SequenceEqual(other.Learners) && LearnersNext.SequenceEqual(other.LearnersNext);

    public override bool Equals(object? obj) => Equals(obj as Configuration);

    public override int GetHashCode()
    {
        var hash = new HashCode();
        foreach (var id in Voters) hash.Add(id);
        foreach (var id in Outgoing) hash.Add(id);
        foreach (var id in Learners) hash.Add(id);
        return hash.ToHashCode();
    }

    /// <summary>As in etcd: <c>voters=(1 2)&amp;&amp;(2 3) learners=(4) learners_next=(3) autoleave</c>.</summary>
    public override string ToString() =>
        $"voters=({List(Voters)})" + (IsJoint ? $"&&({List(Outgoing)})" : "") + (Learners.Count > 0 ? $" learners=({List(Learners)})" : "")
        + (LearnersNext.Count > 0 ? $" learners_next=({List(LearnersNext)})" : "") + (AutoLeave ? " autoleave" : "");

    /// <summary>The payload of a <see cref="EntryKind.ConfigurationChange"/> entry; see <see cref="ConfigurationEncoding"/>.</summary>
    public byte[] Encode() => ConfigurationEncoding.Encode(this);

    /// <exception cref="FormatException">The bytes are not an encoded configuration of a version that this code knows.</exception>
    public static Configuration Decode(ReadOnlySpan<byte> bytes) => ConfigurationEncoding.Decode(bytes);

    private static string List(IReadOnlyList<ReplicaId> ids) => string.Join(' ', ids);

    private static bool Contains(IReadOnlyList<ReplicaId> ids, ReplicaId id)
    {
        for (var i = 0; i < ids.Count; i++)
            if (ids[i] == id) return true;
        return false;
    }

    private static ReplicaId[] Sorted(IReadOnlyList<ReplicaId>? ids) => ids is null || ids.Count == 0 ? [] : [.. new SortedSet<ReplicaId>(ids)];
}
