using KvStore.Node.Commands;
using KvStore.Node.Leases;
using KvStore.Node.Locks;
using KvStore.Node.Placement;
using KvStore.Raft;
using KvStore.Storage.Engine;

namespace KvStore.Node.StateMachine;

/// <summary>
/// Applies the commands that no range owns. <see cref="CommandResult.Flag"/>: it changed something; <see cref="CommandResult.Number"/>: the log index of a session that was opened.
/// </summary>
internal sealed class GroupCommandApplier(GroupId group, RangeTable ranges, SessionTable sessions, LeaseCommands leases, LockCommands locks, EffectHash hash, ClusterMap? map)
{
    private static readonly CommandResult Unchanged = new(CommandStatus.Ok, default);
    private static readonly CommandResult Changed = new(CommandStatus.Ok, default, Flag: true);
    private static readonly CommandResult Refused = new(CommandStatus.InvalidArgument, default);

    private ClusterMap? map = map;
    private LogIndex index;
    private ulong groupTime;
    // Ids are the entry's index, so an entry makes at most one of each.
    private bool sessionOpened, rangeCreated;
    private bool hashComparison;

    /// <summary>Any thread.</summary>
    public ClusterMap? Map => Volatile.Read(ref map);

    public void BeginEntry(LogIndex entry, ulong time)
    {
        index = entry;
        groupTime = time;
        sessionOpened = rangeCreated = false;
    }

    /// <summary>Whether replicas compare their hashes after this entry.</summary>
    public bool TakeHashComparison()
    {
        var taken = hashComparison;
        hashComparison = false;
        return taken;
    }

    public CommandResult Apply(GroupCommand command)
    {
        switch (command.CommandCase)
        {
            case GroupCommand.CommandOneofCase.OpenSession:
                return OpenSession(command.OpenSession);
            case GroupCommand.CommandOneofCase.InitializeCluster:
                return InitializeCluster(command.InitializeCluster);
            case GroupCommand.CommandOneofCase.CreateRange:
                return CreateRange(command.CreateRange);
            case GroupCommand.CommandOneofCase.CompactRange:
                return CompactRange(command.CompactRange);
            case GroupCommand.CommandOneofCase.CompareHash:
                hashComparison = true;
                return Unchanged;
            default:
                if ((leases.Apply(command) ?? locks.Apply(command)) is { } result) return result;
                throw new InvariantViolationException("an entry holds a group command that this version does not know: the node is older than the cluster version");
        }
    }

    private CommandResult OpenSession(OpenSession command)
    {
        if (sessionOpened || command.TimeToLiveUs == 0) return Refused;
        sessionOpened = true;
        sessions.Open(new SessionId(group, index.Value), command.TimeToLiveUs, command.TableBytesMax, groupTime);
        return Changed with { Number = (long)index.Value };
    }

    /// <summary>The first one wins; a later one, of another founder that led meanwhile, changes nothing.</summary>
    private CommandResult InitializeCluster(InitializeCluster command)
    {
        if (group != GroupId.Meta) return Refused;
        if (map is not null) return Unchanged;
        if (ClusterMapRecords.TryBuild(command) is not { } built) return Refused;
        Volatile.Write(ref map, built);
        hash.Change(EffectKind.MapInitialized, built.Revision, (ulong)built.Ranges.Count, (ulong)built.Groups.Count);
        hash.Mix(built.ClusterId.Span);
        return Changed;
    }

    private CommandResult CreateRange(CreateRange command)
    {
        if (command.Range is null) return Refused;
        var range = RangeRecords.FromRecord(command.Range);
        if (ranges.Contains(range.Id)) return Unchanged;
        if (rangeCreated || !ranges.MayCreate(range)) return Refused;
        rangeCreated = true;
        ranges.Create(range, new Stay(index.Value));
        hash.Change(EffectKind.RangeCreated, range.Id.Value, range.Epoch, index.Value);
        return Changed;
    }

    private CommandResult CompactRange(CompactRange command)
    {
        var route = new RangeRoute(new RangeId(command.RangeId), command.Epoch);
        if (ranges.Find(route) is not { } range) return new CommandResult(CommandStatus.EpochNotMatch, default);
        var revision = new Revision(command.Revision);
        if (revision > range.Revision) return new CommandResult(CommandStatus.InvalidArgument, range.Revision);
        if (revision <= range.Store.CompactRevision) return new CommandResult(CommandStatus.Ok, range.Revision);
        range.Store.Compact(revision);
        hash.Change(EffectKind.RangeCompacted, range.Store.Stay.Value, revision.Value, 0);
        return new CommandResult(CommandStatus.Ok, range.Revision, Flag: true);
    }
}
