using System.Buffers.Binary;
using Google.Protobuf;
using KvStore.Node.Commands;
using KvStore.Node.Leases;
using KvStore.Node.Locks;
using KvStore.Node.Placement;
using KvStore.Node.State;
using KvStore.Raft;
using KvStore.Storage.Engine;

namespace KvStore.Node.StateMachine;

/// <summary>
/// The replicated state of one group: a pure function of (state, entry). One apply worker owns it; what readers see is published through
/// <see cref="RangeStore"/>s and immutable snapshots. Nothing here knows a clock, and nothing is iterated whose order could differ between replicas.
/// </summary>
public sealed class GroupStateMachine
{
    private readonly GroupId group;
    private readonly EffectHash hash;
    private readonly SessionTable sessions;
    private readonly RangeTable ranges;
    private readonly LeaseTable leases;
    private readonly LockTable locks;
    private readonly FenceTable fences;
    private readonly LockCommands lockCommands;
    private readonly RangeCommandsApplier rangeCommands;
    private readonly GroupCommandApplier groupCommands;
    private ulong applied;
    private ulong appliedTerm;
    private ulong groupTime;
    private HashPoint? compared;
#if PLANTED
    private ulong localEntries;
#endif

    /// <param name="store">Empty, or as recovered together with <paramref name="state"/>.</param>
    /// <param name="state">From the checkpoint; for a new group, the initial state (applied 0, configuration).</param>
    public GroupStateMachine(GroupId group, GroupStore store, GroupState state)
    {
        ArgumentNullException.ThrowIfNull(store);
        ArgumentNullException.ThrowIfNull(state);
        Invariant.That(state.GroupId == group.Value, "the state is of this group");
        this.group = group;
        hash = new EffectHash(state.Hash.IsEmpty ? 0 : BinaryPrimitives.ReadUInt64LittleEndian(state.Hash.Span));
        sessions = new SessionTable(hash);
        sessions.Restore(state.Sessions, state.SessionBytesMax);
        leases = new LeaseTable(group, hash);
        ranges = new RangeTable(group, store, state.Ranges);
        // Without leases no record names one: the scan is spared.
        leases.Restore(state, state.Leases.Count == 0 ? [] : ranges.Attached());
        locks = new LockTable(hash, lease => leases.IsLive(new LeaseId(lease)));
        locks.Restore(state.Locks.Select(LockRecords.FromRecord), state.LastFencingToken);
        leases.Ended += lease => locks.LeaseEnded(lease.Value, Applied.Next);
        fences = new FenceTable(hash);
        fences.Restore(state);
        var attachments = new LeaseAttachments(leases);
        var records = new RecordWriter(hash, attachments);
        rangeCommands = new RangeCommandsApplier(ranges, sessions, new CommandExecutor(records, attachments, new FenceGuard(ranges, locks, fences)), hash);
        var leaseCommands = new LeaseCommands(group, ranges, leases, records);
        lockCommands = new LockCommands(ranges, sessions, leases, locks, fences);
        groupCommands = new GroupCommandApplier(group, ranges, sessions, leaseCommands, lockCommands, hash, state.ClusterMap is null ? null : ClusterMapRecords.FromRecord(state.ClusterMap));
        applied = state.AppliedIndex;
        appliedTerm = state.AppliedTerm;
        groupTime = state.GroupTimeUs;
        Configuration = ConfigurationRecords.FromRecord(state.Configuration ?? new ConfigurationRecord());
    }

    public LogIndex Applied => new(Volatile.Read(ref applied));
    public Term AppliedTerm => new(appliedTerm);
    public ulong GroupTimeMicroseconds => groupTime;
    /// <summary>The running hash over effects, at <see cref="Applied"/>.</summary>
    public ulong Hash => hash.Value;
    public int Sessions => sessions.Count;
    /// <summary>Only on the apply worker, but for its agenda.</summary>
    internal LeaseTable Leases => leases;
    /// <summary>Only on the apply worker, but for the pending removals.</summary>
    internal LockTable Locks => locks;
    /// <summary>Only on the apply worker, but for what is known.</summary>
    internal FenceTable Fences => fences;

    /// <summary>The hash after the newest CompareHash that was applied since the start, for replicas to compare; null before the first.</summary>
    public HashPoint? Compared => compared;

    /// <summary>
    /// Applies one committed entry of any kind. <paramref name="results"/>, when not null (a leader with waiting callers), receives one result per command,
    /// in order: first those of all RangeCommands, then those of the group commands.
    /// </summary>
    /// <exception cref="InvariantViolationException">The entry is not the next one, is malformed, or holds a command of a newer version: the replica cannot go on.</exception>
    public void Apply(Entry entry, List<CommandResult>? results)
    {
        ArgumentNullException.ThrowIfNull(entry);
        Invariant.That(entry.Index.Value == applied + 1);
        Invariant.That(entry.Term.Value >= appliedTerm);
        if (entry.Kind == EntryKind.Normal) ApplyPayload(entry, results);
        else hash.Entry(entry.Index.Value, entry.Term.Value, groupTime);
#if PLANTED
        if (Plants.Has(PlantedBug.LeaseRestartsWithLeader) && entry.Kind == EntryKind.TermStart) leases.LeaderChanged();
#endif
        appliedTerm = entry.Term.Value;
        Volatile.Write(ref applied, entry.Index.Value);
    }

    /// <summary>Set by an applied configuration change or at start; stored in checkpoints. The replica tells it what the core says.</summary>
    public Configuration Configuration { get; set; }

    /// <summary>The cluster map as applied (meta group), or null. Immutable; safe to read from any thread.</summary>
    public ClusterMap? Map => groupCommands.Map;

    /// <summary>The ranges that this group owns now, with their stores: an immutable snapshot, safe to read from any thread.</summary>
    public OwnedRanges Owned => ranges.Owned;

    /// <summary>Everything but the records, as of <see cref="Applied"/>.</summary>
    public GroupState CaptureState()
    {
        var state = new GroupState
        {
            GroupId = group.Value, AppliedIndex = applied, AppliedTerm = appliedTerm, GroupTimeUs = groupTime,
            Configuration = ConfigurationRecords.ToRecord(Configuration), ClusterMap = Map is { } map ? ClusterMapRecords.ToRecord(map) : null,
            SessionBytesMax = sessions.BytesMax,
        };
#if PLANTED
        if (Plants.Has(PlantedBug.AppliedIndexBehind) && applied > 0) state.AppliedIndex--;
#endif
        Span<byte> hashBytes = stackalloc byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64LittleEndian(hashBytes, hash.Value);
        state.Hash = ByteString.CopyFrom(hashBytes);
        state.Ranges.AddRange(ranges.Capture());
        state.Sessions.AddRange(sessions.Capture());
        leases.Capture(state);
        state.Locks.AddRange(locks.All.Select(LockRecords.ToRecord));
        state.LastFencingToken = locks.LastToken;
        fences.Capture(state);
        return state;
    }

    private void ApplyPayload(Entry entry, List<CommandResult>? results)
    {
        var payload = EntryPayloadView.Read(entry.Payload.Span);
        Invariant.That(!payload.Malformed, "the entry's payload can be read");
        groupTime = Math.Max(groupTime, payload.GroupTime);
        hash.Entry(entry.Index.Value, entry.Term.Value, groupTime);
#if PLANTED
        // Entries since the process began stand for a clock of its own.
        if (Plants.Has(PlantedBug.ExpiryByLocalClock)) sessions.Expire(groupTime + localEntries++ * 1_000_000);
#endif
        sessions.Expire(groupTime);
        leases.BeginEntry(groupTime);
        locks.ForgetEvents();
        if (payload.RangeCommandsCount > 0)
        {
            rangeCommands.Touch(payload.RangeCommands);
            foreach (var commands in payload.RangeCommands) rangeCommands.Apply(commands, groupTime, results);
            rangeCommands.Publish();
        }
        if (payload.GroupCommandsCount > 0) ApplyGroupCommands(payload, entry.Index, results);
        sessions.Evict();
        leases.EndEntry();
        locks.Publish();
        if (groupCommands.TakeHashComparison()) compared = new HashPoint(entry.Index, hash.Value);
    }

    private void ApplyGroupCommands(scoped in EntryPayloadView payload, LogIndex index, List<CommandResult>? results)
    {
        groupCommands.BeginEntry(index, groupTime);
        lockCommands.BeginEntry(index, groupTime);
        foreach (var bytes in payload.GroupCommands)
        {
            var result = groupCommands.Apply(GroupCommand.Parser.ParseFrom(bytes));
            hash.Result(0, result);
            results?.Add(result);
        }
    }
}
