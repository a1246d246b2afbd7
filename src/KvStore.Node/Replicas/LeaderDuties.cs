using KvStore.Node.Commands;
using KvStore.Node.Placement;
using KvStore.Raft;
using KvStore.Storage.Engine;

namespace KvStore.Node.Replicas;

/// <summary>
/// What the leader of a group proposes by itself: the first cluster map (meta group), the ranges that the map gives to its group, and compaction of history.
/// All of it is safe to propose twice: apply decides.
/// </summary>
internal sealed class LeaderDuties(GroupReplica replica, DriverServices services)
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(50);
    /// <summary>How long a proposal that has not shown its effect is waited for before it is made again.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    private readonly HistoryCompaction _history = new(services.Options);
    private readonly SortedDictionary<RangeId, MonotonicTime> _creating = [];
    private MonotonicTime _next;
    private MonotonicTime _mapPatience;

    public void Run(RaftNode raft, ProposalQueue proposals, MonotonicTime now)
    {
        if (now < _next || raft.Role != RaftRole.Leader || replica.Machine is not { } machine) return;
        _next = now + Interval;
        if (replica.Group == GroupId.Meta && machine.Map is null && now >= _mapPatience)
        {
            _mapPatience = now + Patience;
            Propose(proposals, new GroupCommand { InitializeCluster = FirstMap.Build(services.Options) }, now);
        }
        if (services.Map() is { } map) CreateRanges(map, machine.Owned, proposals, now);
        foreach (var owned in machine.Owned.All)
            if (_history.CompactTo(owned, now) is { } revision) Propose(proposals, Compact(owned.Descriptor, revision), now);
    }

    private void CreateRanges(ClusterMap map, StateMachine.OwnedRanges owned, ProposalQueue proposals, MonotonicTime now)
    {
        foreach (var range in map.Ranges)
        {
            if (range.Group != replica.Group || range.Epoch != FirstEpoch) continue;
            if (owned.Find(range.Id) is not null)
            {
                _creating.Remove(range.Id);
                continue;
            }
            if (_creating.TryGetValue(range.Id, out var until) && now < until) continue;
            _creating[range.Id] = now + Patience;
            Propose(proposals, new GroupCommand { CreateRange = new CreateRange { Range = RangeRecords.ToRecord(range) } }, now);
        }
    }

    /// <summary>A range is created once, where the first map puts it; later epochs come from moves and splits.</summary>
    private const ulong FirstEpoch = 1;

    private static GroupCommand Compact(RangeDescriptor range, Revision revision) =>
        new() { CompactRange = new CompactRange { RangeId = range.Id.Value, Epoch = range.Epoch, Revision = revision.Value } };

    /// <summary>Nobody waits for the outcome: what has not happened is proposed again.</summary>
    private static void Propose(ProposalQueue proposals, GroupCommand command, MonotonicTime now) =>
        proposals.Add(new GroupProposal(command, now + Patience, static (_, _, _) => { }));
}
