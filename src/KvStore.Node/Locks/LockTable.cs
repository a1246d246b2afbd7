using KvStore.Node.Commands;
using KvStore.Node.StateMachine;
using KvStore.Raft;

namespace KvStore.Node.Locks;

/// <summary>
/// The locks whose home is this group (DESIGN §9). Every token that the table gives out is greater than all before it, of whatever lock, so that a lock's tokens grow for ever even though
/// a lock that nobody wants leaves no trace.
/// </summary>
/// <remarks>
/// Why no older token is accepted anywhere once a claim holds the lock: here apply compares with the holder; another group accepts a token only after it was registered in
/// <see cref="LockRecord.Groups"/> while that token held the lock, and the next token is given out only when each of them has confirmed that it applied the token's removal, behind which it
/// never accepts it again (<see cref="FenceTable"/>).
/// </remarks>
/// <param name="isLive">Whether a lease of this group has not reached its deadline: one that has gets nothing, even before the entry that ends it.</param>
internal sealed class LockTable(EffectHash hash, Func<ulong, bool> isLive)
{
    private static readonly CommandResult Unchanged = new(CommandStatus.Ok, default);
    private static readonly CommandResult Changed = new(CommandStatus.Ok, default, Flag: true);

    private readonly Dictionary<string, LockRecord> locks = new(StringComparer.Ordinal);
    /// <summary>The locks that a lease holds or waits for, in ordinal order, since the order in which an ended lease lets go of them is state.</summary>
    private readonly Dictionary<ulong, SortedSet<string>> claims = [];
    private readonly List<LockEvent> events = [];
    /// <summary>Locks without a holder whose last token is still accepted somewhere.</summary>
    private readonly SortedSet<string> closing = new(StringComparer.Ordinal);
    private PendingRemoval[] removals = [];
    private bool removalsChanged;

    public int Count => locks.Count;
    public long Bytes { get; private set; }

    /// <summary>Only grows; stored, and carried along when the locks move to another group.</summary>
    public ulong LastToken { get; private set; }

    /// <summary>What was done since <see cref="ForgetEvents"/>.</summary>
    public IReadOnlyList<LockEvent> Events => events;

    /// <summary>What other groups have still to be told, as of the last <see cref="Publish"/>. Immutable; any thread.</summary>
    public IReadOnlyList<PendingRemoval> Removals => Volatile.Read(ref removals);

    public LockRecord? Find(string name) => locks.GetValueOrDefault(name);

    public void ForgetEvents() => events.Clear();

    /// <param name="index">Of the entry. A token is made of it where it is greater than the last one, so that it tells where in the log to look.</param>
    /// <returns>Ok with Flag: Number is the token. Ok without: Number is the place in the queue, 0 when it does not wait.</returns>
    public CommandResult Acquire(string name, ulong lease, ReadOnlyMemory<byte> value, LockWaiting waiting, LogIndex index)
    {
        if (LockLimits.Refuse(name) is not null || value.Length > LockLimits.ValueBytesMax) return new CommandResult(CommandStatus.InvalidArgument, default);
        if (ResultFor(name, lease) is { } found) return found;
        var record = Find(name);
        if (record is not null && waiting == LockWaiting.OnlyIfFree) return Unchanged;
        if (Bytes >= LockLimits.TableBytesMax || record?.WaitingCount >= LockLimits.WaitingMax) return new CommandResult(CommandStatus.ResourceExhausted, default);
#if PLANTED
        if (Plants.Has(PlantedBug.LivingLeaderReplaced) && record is { Holder: not null, WaitingCount: >= 2 }) Release(record, index);
#endif
        record ??= Add(name);
        var before = record.Bytes;
        record.Enqueue(new LockClaim(lease, value));
        Bytes += record.Bytes - before;
        Link(lease, name);
        Mix(EffectKind.LockQueued, record, lease);
        hash.Mix(value.Span);
        Settle(record, index);
        return ResultFor(name, lease)!.Value;
    }

    /// <summary>What the lease's claim has come to, as <see cref="Acquire"/> gives it; null when it has none.</summary>
    public CommandResult? ResultFor(string name, ulong lease)
    {
        if (Find(name) is not { } record) return null;
        if (record.Holder?.Lease == lease) return Changed with { Number = (long)record.Token };
        return record.PlaceOf(lease) is var place and > 0 ? Unchanged with { Number = place } : null;
    }

    /// <summary>Ok with Flag: released. Ok without: the token held it no longer.</summary>
    public CommandResult Release(string name, ulong token, LogIndex index)
    {
        if (HeldBy(name, token) is not { } record) return WasGiven(token) ? Unchanged : new CommandResult(CommandStatus.LockNotFound, default);
#if PLANTED
        if (Plants.Has(PlantedBug.ResignDoesNotEnd)) return Changed;
#endif
        Release(record, index);
        return Changed;
    }

    /// <summary>Ok with Flag: it waits no longer. Ok without: Number is the token with which it holds the lock; 0: it neither waited nor held.</summary>
    public CommandResult Withdraw(string name, ulong lease, LogIndex index)
    {
        if (Find(name) is not { } record) return Unchanged;
        if (record.Holder?.Lease == lease) return Unchanged with { Number = (long)record.Token };
        if (record.FindWaiting(lease) is null) return Unchanged;
        Drop(record, lease);
        Settle(record, index);
        return Changed;
    }

    /// <param name="number">Which one of the token's it is; 0: it is not counted.</param>
    /// <returns>Ok with Flag: the holder shows the value. Ok without: it has shown it before, and may show a later one now.</returns>
    public CommandResult Proclaim(string name, ulong token, ulong number, ReadOnlyMemory<byte> value)
    {
        if (value.Length > LockLimits.ValueBytesMax) return new CommandResult(CommandStatus.InvalidArgument, default);
#if PLANTED
        if (HeldBy(name, token) is not { } record && (!Plants.Has(PlantedBug.ProclaimOfOldLeaderAccepted) || (record = Find(name)) is not { Holder: not null })) return Refusal(token);
        if (!Plants.Has(PlantedBug.ProclamationAppliedAgain))
#else
        if (HeldBy(name, token) is not { } record) return Refusal(token);
#endif
        if (number != 0 && number <= record.Proclaimed) return Unchanged;
        var before = record.Bytes;
        record.SetValue(value, number);
        Bytes += record.Bytes - before;
        Mix(EffectKind.LockProclaimed, record, record.Proclaimed);
        hash.Mix(value.Span);
#if PLANTED
        if (Plants.Has(PlantedBug.ObserverNotTold)) return Changed;
#endif
        events.Add(new LockEvent(LockEventKind.Changed, name, record.Holder!.Lease, token));
        return Changed;
    }

    /// <summary>Ok: the group may accept this token until it has confirmed its removal.</summary>
    public CommandResult Register(string name, ulong token, GroupId group)
    {
#if PLANTED
        if (Plants.Has(PlantedBug.OldTokenRegistered) && WasGiven(token)) return Changed;
#endif
        if (HeldBy(name, token) is not { } record) return Refusal(token);
        var before = record.Bytes;
        if (!record.AddGroup(group)) return Unchanged;
        Bytes += record.Bytes - before;
        Mix(EffectKind.FenceRegistered, record, group.Value);
        return Changed;
    }

    /// <summary>The group accepts this token and older ones no more. Late and repeated ones change nothing.</summary>
    public CommandResult ConfirmRemoval(string name, ulong token, GroupId group, LogIndex index)
    {
        if (Find(name) is not { Holder: null } record || record.Token > token) return Unchanged;
        var before = record.Bytes;
        if (!record.RemoveGroup(group)) return Unchanged;
        Bytes += record.Bytes - before;
        removalsChanged = true;
        Mix(EffectKind.FenceConfirmed, record, group.Value);
        Settle(record, index);
        return Changed;
    }

    /// <summary>Whether a write may go on that is fenced by this token, in the home itself: Ok, Fenced, or LockNotFound.</summary>
    public CommandStatus Check(string name, ulong token)
    {
#if PLANTED
        if (Plants.Has(PlantedBug.OlderTokenAccepted) && Find(name) is { Holder: not null } held && held.Token > token && WasGiven(token)) return CommandStatus.Ok;
#endif
        return HeldBy(name, token) is not null ? CommandStatus.Ok : Refusal(token).Status;
    }

    /// <summary>
    /// The lease holds and waits for nothing any more. All its waiting claims go first: else one of them could be granted a lock that another one of them gave up.
    /// </summary>
    public void LeaseEnded(ulong lease, LogIndex index)
    {
        if (!claims.TryGetValue(lease, out var names)) return;
        var records = names.Select(name => locks[name]).ToList();
#if PLANTED
        if (Plants.Has(PlantedBug.ClaimOutlivesLease)) records.RemoveAll(record => record.FindWaiting(lease) is not null);
        if (Plants.Has(PlantedBug.LockOutlivesLease)) records.RemoveAll(record => record.Holder?.Lease == lease);
#endif
        foreach (var record in records)
            if (record.FindWaiting(lease) is not null) Drop(record, lease);
        foreach (var record in records)
        {
            if (record.Holder?.Lease == lease) Release(record, index);
            else if (locks.ContainsKey(record.Name)) Settle(record, index);
        }
#if PLANTED
        if (Plants.Has(PlantedBug.ClaimOutlivesLease) || Plants.Has(PlantedBug.LockOutlivesLease)) return;
#endif
        Invariant.That(!claims.ContainsKey(lease), "an ended lease has no claim");
    }

    /// <summary>Makes <see cref="Removals"/> current, after an entry.</summary>
    public void Publish()
    {
        if (!removalsChanged) return;
        removalsChanged = false;
        Volatile.Write(ref removals, [.. closing.SelectMany(name => locks[name].Groups.Select(group => new PendingRemoval(name, locks[name].Token, group)))]);
    }

    /// <summary>In ordinal order of their names.</summary>
    public IEnumerable<LockRecord> All => locks.Values.OrderBy(record => record.Name, StringComparer.Ordinal);

    public void Restore(IEnumerable<LockRecord> records, ulong lastToken)
    {
        Invariant.That(locks.Count == 0);
        LastToken = lastToken;
        foreach (var record in records)
        {
            Invariant.That(record.Token <= lastToken, "no token is greater than the last one");
            locks.Add(record.Name, record);
            Bytes += record.Bytes;
            if (record.Holder is { } holder) Link(holder.Lease, record.Name);
            foreach (var claim in record.Waiting) Link(claim.Lease, record.Name);
            if (record is { Holder: null, Groups.Count: > 0 }) closing.Add(record.Name);
        }
        removalsChanged = closing.Count > 0;
        Publish();
    }

    private LockRecord? HeldBy(string name, ulong token) => Find(name) is { Holder: not null } record && record.Token == token ? record : null;

    private bool WasGiven(ulong token) => token != 0 && token <= LastToken;

    private CommandResult Refusal(ulong token) => new(WasGiven(token) ? CommandStatus.Fenced : CommandStatus.LockNotFound, default);

    private LockRecord Add(string name)
    {
        var record = new LockRecord(name);
        locks.Add(name, record);
        Bytes += record.Bytes;
        return record;
    }

    private void Release(LockRecord record, LogIndex index)
    {
        var before = record.Bytes;
        Unlink(record.Holder!.Lease, record.Name);
        Mix(EffectKind.LockReleased, record, record.Holder.Lease);
        events.Add(new LockEvent(LockEventKind.Changed, record.Name, record.Holder.Lease, record.Token));
        record.Release();
#if PLANTED
        if (Plants.Has(PlantedBug.FenceRemovalNotAwaited)) foreach (var group in record.Groups.ToList()) record.RemoveGroup(group);
#endif
        Bytes += record.Bytes - before;
        if (record.Groups.Count > 0) removalsChanged |= closing.Add(record.Name);
        Settle(record, index);
    }

    private void Drop(LockRecord record, ulong lease)
    {
        var before = record.Bytes;
        record.RemoveWaiting(lease);
        Bytes += record.Bytes - before;
        Unlink(lease, record.Name);
        Mix(EffectKind.LockClaimDropped, record, lease);
        events.Add(new LockEvent(LockEventKind.Dropped, record.Name, lease, 0));
    }

    /// <summary>Wakes the next claim when nothing is in its way, and forgets a lock that nobody wants.</summary>
    private void Settle(LockRecord record, LogIndex index)
    {
        if (record.Groups.Count == 0) closing.Remove(record.Name);
#if PLANTED
        if (!Plants.Has(PlantedBug.ClaimOutlivesLease))
#endif
        while (record.MayGrant && !isLive(record.First.Lease)) Drop(record, record.First.Lease);
        if (record.MayGrant)
        {
            LastToken = Math.Max(LastToken + 1, index.Value);
            var before = record.Bytes;
#if PLANTED
            var claim = record.GrantNext(Plants.Has(PlantedBug.TokensBeginAnew) ? record.Token + 1 : LastToken);
#else
            var claim = record.GrantNext(LastToken);
#endif
            Bytes += record.Bytes - before;
            Mix(EffectKind.LockGranted, record, claim.Lease);
            events.Add(new LockEvent(LockEventKind.Granted, record.Name, claim.Lease, record.Token));
        }
        if (!record.IsIdle) return;
        locks.Remove(record.Name);
        Bytes -= record.Bytes;
    }

    private void Link(ulong lease, string name)
    {
        if (!claims.TryGetValue(lease, out var names)) claims.Add(lease, names = new SortedSet<string>(StringComparer.Ordinal));
        names.Add(name);
    }

    private void Unlink(ulong lease, string name)
    {
        var names = claims[lease];
        names.Remove(name);
        if (names.Count == 0) claims.Remove(lease);
    }

    private void Mix(EffectKind kind, LockRecord record, ulong what)
    {
        hash.Change(kind, record.Token, what, 0);
        hash.Mix(System.Text.Encoding.UTF8.GetBytes(record.Name));
    }
}
