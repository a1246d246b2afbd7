using Google.Protobuf;
using KvStore.Node.Commands;
using KvStore.Node.StateMachine;
using KvStore.Raft;

namespace KvStore.Node.Leases;

/// <summary>Applies the group commands about leases. <see cref="CommandResult.Number"/> and <see cref="CommandResult.Flag"/> mean what commands.proto says of each.</summary>
internal sealed class LeaseCommands(GroupId group, RangeTable ranges, LeaseTable leases, RecordWriter records)
{
    private static readonly CommandResult Done = new(CommandStatus.Ok, default);
    private static readonly CommandResult Changed = new(CommandStatus.Ok, default, Flag: true);
    private static readonly CommandResult NotFound = new(CommandStatus.LeaseNotFound, default);
    private static readonly CommandResult Full = new(CommandStatus.ResourceExhausted, default);
    private static readonly CommandResult Refused = new(CommandStatus.InvalidArgument, default);

    /// <summary>Null when it is no command about leases.</summary>
    public CommandResult? Apply(GroupCommand command) => command.CommandCase switch
    {
        GroupCommand.CommandOneofCase.GrantLease => Grant(command.GrantLease),
        GroupCommand.CommandOneofCase.KeepLeasesAlive => KeepAlive(command.KeepLeasesAlive),
        GroupCommand.CommandOneofCase.RevokeLease => Revoke(new LeaseId(command.RevokeLease.Lease)),
        GroupCommand.CommandOneofCase.AdvanceLeases => Advance(),
        GroupCommand.CommandOneofCase.AnnounceLease => Announce(new LeaseId(command.AnnounceLease.Lease)),
        GroupCommand.CommandOneofCase.RegisterLeaseUser => Register(command.RegisterLeaseUser),
        GroupCommand.CommandOneofCase.ConfirmLease => leases.TryConfirm(new LeaseId(command.ConfirmLease.Lease), command.ConfirmLease.Ticket) ? Changed : NotFound,
        GroupCommand.CommandOneofCase.EndLeases => EndForeign(command.EndLeases),
        GroupCommand.CommandOneofCase.ReleaseLeases => Release(command.ReleaseLeases),
        _ => null,
    };

    private CommandResult Grant(GrantLease command)
    {
        var chosen = new LeaseId(command.Lease);
        if (command.TimeToLiveUs < (ulong)LeaseLimits.TimeToLiveMin.TotalMicroseconds || command.TimeToLiveUs > (ulong)LeaseLimits.TimeToLiveMax.TotalMicroseconds) return Refused;
        // What this group numbers by itself nobody else may choose: such an id would come twice.
        if (!chosen.IsNone && (chosen.Value > long.MaxValue || chosen.Owner == group)) return Refused;
        if (!chosen.IsNone && leases.Find(chosen) is not null) return new CommandResult(CommandStatus.LeaseExists, default);
        // Before the look at the room: a table that is full gets some by a greater limit.
        leases.Limit(command.TableBytesMax);
        if (!leases.HasRoom(LeaseLimits.LeaseBytes)) return Full;
        return Changed with { Number = (long)leases.Grant(chosen, command.TimeToLiveUs).Id.Value };
    }

    private CommandResult KeepAlive(KeepLeasesAlive command)
    {
        KeepLeasesAlive? ended = null;
        foreach (var id in command.Leases)
            if (!leases.TryRenew(new LeaseId(id))) (ended ??= new KeepLeasesAlive()).Leases.Add(id);
        return ended is null ? Changed : Done with { Response = ended.ToByteArray() };
    }

    private CommandResult Revoke(LeaseId id)
    {
        if (leases.Find(id) is not { IsOwn: true, Phase: LeasePhase.Live } lease) return NotFound;
        leases.End(lease);
        DeleteKeys();
        return Changed;
    }

    private CommandResult Advance()
    {
        var ended = leases.EndDue();
        var deleted = DeleteKeys();
        return ended + deleted > 0 ? Changed : Done;
    }

    private CommandResult Announce(LeaseId id)
    {
        // An id that was chosen names no owner that could be asked.
        if (id.IsNone || id.Owner == group) return Refused;
        if (leases.Announce(id) is not { } lease) return leases.Find(id) is null ? Full : Refused;
        return lease.Phase == LeasePhase.Ending ? NotFound : new CommandResult(CommandStatus.Ok, default, Flag: lease.Phase == LeasePhase.Live, Number: (long)lease.Ticket);
    }

    private CommandResult Register(RegisterLeaseUser command)
    {
        var id = new LeaseId(command.Lease);
        var user = new GroupId(command.Group);
        if (user == group) return Refused;
        if (leases.Find(id) is not { IsOwn: true } lease || !leases.IsLive(id)) return NotFound;
        return leases.AddUser(lease, user) ? Changed : Done;
    }

    private CommandResult EndForeign(EndLeases command)
    {
        foreach (var id in command.Leases)
            if (leases.Find(new LeaseId(id)) is { IsOwn: false } lease) leases.End(lease);
        DeleteKeys();
        var gone = command.Leases.All(id => leases.Find(new LeaseId(id)) is not { IsOwn: false });
        return gone ? Changed : Done;
    }

    private CommandResult Release(ReleaseLeases command)
    {
        var changed = false;
        foreach (var id in command.Leases) changed |= leases.RemoveUser(new LeaseId(id), new GroupId(command.Group));
        return changed ? Changed : Done;
    }

    /// <summary>Deletes the next attached keys of leases that ended, those of each range at one revision. How many.</summary>
    private int DeleteKeys()
    {
        var keys = leases.KeysToDelete(LeaseLimits.EndsPerEntryMax);
        var touched = new SortedDictionary<RangeId, (HostedRange Range, uint Subs)>();
        foreach (var key in keys)
        {
            var range = ranges.Find(key.Keyspace, key.Key.Span);
            Invariant.That(range is not null, "attached keys lie in ranges of this group");
            var subs = touched.TryGetValue(range!.Descriptor.Id, out var before) ? before.Subs : 0;
            var revision = range.Revision.Next;
            Invariant.That(records.Delete(range, key.Key.Span, revision, subs), "an attached key exists");
            touched[range.Descriptor.Id] = (range, subs + 1);
        }
        foreach (var (range, _) in touched.Values)
        {
            range.Advance(range.Revision.Next);
            range.Publish();
        }
        return keys.Count;
    }
}
