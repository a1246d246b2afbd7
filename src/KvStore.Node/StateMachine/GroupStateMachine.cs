using KvStore.Node.Placement;
using KvStore.Node.State;
using KvStore.Raft;
using KvStore.Storage.Engine;

namespace KvStore.Node.StateMachine;

/// <summary>
/// The replicated state of one group: a pure function of (state, entry). One apply worker owns it; what readers see is published through
/// <see cref="RangeStore"/>s and immutable snapshots.
/// </summary>
public sealed class GroupStateMachine
{
    /// <param name="store">Empty, or as recovered together with <paramref name="state"/>.</param>
    /// <param name="state">From the checkpoint; for a new group, the initial state (applied 0, configuration).</param>
    public GroupStateMachine(GroupId group, GroupStore store, GroupState state) => throw new NotImplementedException();

    public LogIndex Applied => throw new NotImplementedException();
    public Term AppliedTerm => throw new NotImplementedException();
    public ulong GroupTimeMicroseconds => throw new NotImplementedException();
    /// <summary>The running hash over effects, at <see cref="Applied"/>.</summary>
    public ulong Hash => throw new NotImplementedException();
    public int Sessions => throw new NotImplementedException();

    /// <summary>
    /// Applies one committed entry of any kind. <paramref name="results"/>, when not null (a leader with waiting callers), receives one result per command,
    /// in order: first those of all RangeCommands, then those of the group commands.
    /// </summary>
    public void Apply(Entry entry, List<CommandResult>? results) => throw new NotImplementedException();

    /// <summary>Set by an applied configuration change or at start; stored in checkpoints. The replica tells it what the core says.</summary>
    public Configuration Configuration { get => throw new NotImplementedException(); set => throw new NotImplementedException(); }

    /// <summary>The cluster map as applied (meta group), or null. Immutable; safe to read from any thread.</summary>
    public ClusterMap? Map => throw new NotImplementedException();

    /// <summary>The ranges that this group owns now, with their stores: an immutable snapshot, safe to read from any thread.</summary>
    public OwnedRanges Owned => throw new NotImplementedException();

    /// <summary>Everything but the records, as of <see cref="Applied"/>.</summary>
    public GroupState CaptureState() => throw new NotImplementedException();
}

/// <summary>An immutable snapshot of what a group owned after some applied index.</summary>
public sealed class OwnedRanges(IReadOnlyDictionary<RangeId, OwnedRange> ranges)
{
    public OwnedRange? Find(RangeId id) => ranges.TryGetValue(id, out var owned) ? owned : null;
    public IEnumerable<OwnedRange> All => ranges.Values.OrderBy(r => r.Descriptor.Id);
}

public sealed record OwnedRange(RangeDescriptor Descriptor, RangeStore Store);
