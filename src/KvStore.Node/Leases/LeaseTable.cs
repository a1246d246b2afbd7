using System.Collections.Concurrent;
using KvStore.Node.State;
using KvStore.Node.StateMachine;
using KvStore.Raft;

namespace KvStore.Node.Leases;

/// <summary>
/// The leases of a group, with the keys of the group that are attached to them. Time is group time, which the entries carry, so that every replica ends a lease at the same entry and a
/// change of leaders neither resets nor shortens a deadline. A lease counts as ended from its deadline on, though the entry that deletes its keys comes a little later.
/// </summary>
internal sealed class LeaseTable(GroupId group, EffectHash hash)
{
    private readonly Dictionary<LeaseId, Lease> leases = [];
    /// <summary>Each lease that has a deadline once, at its own deadline or an earlier one; by id among equals, because the order is an effect.</summary>
    private readonly PriorityQueue<Lease, (ulong, LeaseId)> deadlines = new();
    /// <summary>Ended ones with keys of this group left.</summary>
    private readonly SortedSet<LeaseId> collecting = [];
    /// <summary>Own ended ones that other groups have to release.</summary>
    private readonly SortedSet<LeaseId> releasing = [];
    /// <summary>The live ones whose id does not name this group: confirmed ones of other groups and own ones with a chosen id. Looked up by any thread, never iterated.</summary>
    private readonly ConcurrentDictionary<LeaseId, bool> known = new();
    private LeaseAgenda agenda = LeaseAgenda.Empty;
    private bool agendaIsOld;

    /// <summary>The number of the newest own lease. Only grows, so that no id comes twice.</summary>
    private ulong lastNumber;
    /// <summary>The newest ticket. Only grows, so that a late confirmation never meets another announcement.</summary>
    private ulong lastTicket;

    public int Count => leases.Count;
    internal int QueuedDeadlines => deadlines.Count;
    public long Bytes { get; private set; }
    /// <summary>Replicated: the newest grant's limit.</summary>
    public ulong BytesMax { get; private set; } = LeaseLimits.TableBytesMaxDefault;
    /// <summary>Group time of the entry that is being applied, microseconds.</summary>
    public ulong Now { get; private set; }

    /// <summary>Called inside apply when a lease ends here, once, before anything of it is deleted: what else depends on leases (locks) gives way.</summary>
    public event Action<LeaseId>? Ended;

    /// <summary>Any thread.</summary>
    public LeaseAgenda Agenda => Volatile.Read(ref agenda);

    /// <summary>Any thread: whether apply can decide by itself on keys that are to be attached to it, because this group owns it or has confirmed it.</summary>
    public bool Knows(LeaseId id) => id.Owner == group || known.ContainsKey(id);

    public void BeginEntry(ulong groupTime) => Now = groupTime;

#if PLANTED
    /// <summary>All deadlines begin anew.</summary>
    public void LeaderChanged()
    {
        foreach (var lease in All.Where(lease => lease.IsOwn && HasDeadline(lease))) lease.Deadline = DeadlineOf(lease.TimeToLive);
        agendaIsOld = true;
        EndEntry();
    }

    /// <summary>By another time than that of an entry.</summary>
    public List<LeaseId> DueAt(ulong time) => [.. All.Where(lease => lease.IsOwn && HasDeadline(lease) && lease.Deadline <= time).Select(lease => lease.Id)];

#endif
    public void EndEntry()
    {
        if (agendaIsOld) Volatile.Write(ref agenda, BuildAgenda());
    }

    /// <summary>Null when it is not known here.</summary>
    public Lease? Find(LeaseId id) => leases.GetValueOrDefault(id);

    /// <summary>Whether keys and locks of this group may be put under it now.</summary>
    public bool IsLive(LeaseId id) => leases.TryGetValue(id, out var lease) && IsLive(lease);

    /// <summary>Whether that many more bytes are within the limit.</summary>
    public bool HasRoom(long bytes) => (ulong)(Bytes + bytes) <= BytesMax;

    /// <summary>In order of their ids.</summary>
    public IEnumerable<Lease> All => leases.Values.OrderBy(lease => lease.Id);

    // ---- own leases ----

    /// <param name="bytesMax">0: as before.</param>
    public void Limit(ulong bytesMax)
    {
        if (bytesMax != 0) BytesMax = bytesMax;
    }

    /// <param name="chosen">None: the next number of this group.</param>
    public Lease Grant(LeaseId chosen, ulong timeToLive)
    {
        var id = chosen.IsNone ? LeaseId.Given(group, ++lastNumber) : chosen;
        var lease = new Lease(id, timeToLive, isOwn: true) { Deadline = DeadlineOf(timeToLive) };
        Insert(lease);
        hash.Change(EffectKind.LeaseGranted, id.Value, timeToLive, lease.Deadline);
        return lease;
    }

    /// <summary>False when it has ended or is no lease of this group: it stays as it is.</summary>
    public bool TryRenew(LeaseId id)
    {
#if PLANTED
        if (Plants.Has(PlantedBug.EndedLeaseRenewed) && Find(id) is { IsOwn: true } ended && !IsLive(ended)) return true;
#endif
        if (Find(id) is not { IsOwn: true } lease || !IsLive(lease)) return false;
        // Group time never goes back, so that a renewal never shortens.
        lease.Deadline = DeadlineOf(lease.TimeToLive);
        agendaIsOld = true;
        hash.Change(EffectKind.LeaseRenewed, id.Value, lease.Deadline, 0);
        return true;
    }

    public bool AddUser(Lease lease, GroupId user)
    {
        Invariant.That(lease.IsOwn && IsLive(lease), "only a live lease gets users");
        if (!lease.AddUser(user)) return false;
        Bytes += LeaseLimits.UserBytes;
        hash.Change(EffectKind.LeaseUserAdded, lease.Id.Value, user.Value, 0);
        return true;
    }

    /// <summary>The user holds no keys of an ended lease any more and never will.</summary>
    public bool RemoveUser(LeaseId id, GroupId user)
    {
        if (Find(id) is not { IsOwn: true, Phase: LeasePhase.Ending } lease || !lease.RemoveUser(user)) return false;
        Bytes -= LeaseLimits.UserBytes;
        hash.Change(EffectKind.LeaseUserRemoved, id.Value, user.Value, 0);
        agendaIsOld = true;
        if (lease.Users.Count == 0) releasing.Remove(id);
        RemoveIfDone(lease);
        return true;
    }

    // ---- leases of other groups ----

    /// <summary>Announces another group's lease, or finds it announced or confirmed. Null: the table is full, or this group has a lease of that id.</summary>
    public Lease? Announce(LeaseId id)
    {
        if (Find(id) is { } known) return known.IsOwn ? null : known;
        if (!HasRoom(LeaseLimits.LeaseBytes)) return null;
        var lease = new Lease(id, 0, isOwn: false) { Phase = LeasePhase.Pending, Ticket = ++lastTicket, Deadline = DeadlineOf(LeaseLimits.PendingMicroseconds) };
        Insert(lease);
        hash.Change(EffectKind.LeaseAnnounced, id.Value, lease.Ticket, lease.Deadline);
        return lease;
    }

    /// <summary>The owner has registered this group since the announcement with that ticket.</summary>
    public bool TryConfirm(LeaseId id, ulong ticket)
    {
        if (Find(id) is not { IsOwn: false } lease || lease.Ticket != ticket || lease.Phase == LeasePhase.Ending) return false;
        if (lease.Phase == LeasePhase.Live) return true;
        lease.Phase = LeasePhase.Live;
        lease.Deadline = ulong.MaxValue;
        known[id] = true;
        agendaIsOld = true;
        hash.Change(EffectKind.LeaseConfirmed, id.Value, ticket, 0);
        return true;
    }

    // ---- the end ----

    /// <summary>From here on nothing can be attached to it; what is attached is deleted by and by (<see cref="KeysToDelete"/>).</summary>
    public void End(Lease lease)
    {
        if (lease.Phase == LeasePhase.Ending) return;
        var announced = lease.Phase == LeasePhase.Pending;
        lease.Phase = LeasePhase.Ending;
        known.TryRemove(lease.Id, out _);
        agendaIsOld = true;
        hash.Change(EffectKind.LeaseEnded, lease.Id.Value, (ulong)lease.Keys.Count, (ulong)lease.Users.Count);
        if (!announced) Ended?.Invoke(lease.Id);
        if (lease.Keys.Count > 0) collecting.Add(lease.Id);
        if (lease.Users.Count > 0) releasing.Add(lease.Id);
        RemoveIfDone(lease);
    }

    /// <summary>Ends the leases whose deadline has passed, the earliest first, at most <see cref="LeaseLimits.EndsPerEntryMax"/>. How many it ended.</summary>
    public int EndDue()
    {
        var ended = 0;
#if PLANTED
        while (Plants.Has(PlantedBug.RenewalIgnoredAtEnd) && deadlines.TryPeek(out var first, out var place) && place.Item1 <= Now)
        {
            deadlines.Dequeue();
            if (HasDeadline(first)) End(first);
        }
#endif
        while (ended < LeaseLimits.EndsPerEntryMax && PeekDeadline() is { } lease && lease.Deadline <= Now)
        {
            deadlines.Dequeue();
            End(lease);
            ended++;
        }
        return ended;
    }

    /// <summary>The next keys to delete of leases that ended, at most so many, in order of lease and key. They stay attached until they are deleted.</summary>
    public List<AttachedKey> KeysToDelete(int most)
    {
        var keys = new List<AttachedKey>();
        foreach (var id in collecting)
        {
            keys.AddRange(leases[id].Keys.Take(most - keys.Count));
            if (keys.Count == most) break;
        }
        return keys;
    }

    // ---- attachments ----

    public void Attach(LeaseId id, AttachedKey key)
    {
        var lease = leases[id];
        Invariant.That(IsLive(lease), "only a live lease gets keys");
        lease.Attach(key);
        Bytes += Lease.BytesOf(key);
        hash.Change(EffectKind.LeaseAttached, id.Value, (ulong)key.Keyspace.Value, (ulong)key.Key.Length);
    }

    /// <summary>The key was deleted or written under another lease or none.</summary>
    public void Detach(LeaseId id, in AttachedKey key)
    {
        var lease = leases[id];
        lease.Detach(key);
        Bytes -= Lease.BytesOf(key);
        if (lease.Phase != LeasePhase.Ending || lease.Keys.Count > 0) return;
        collecting.Remove(id);
        agendaIsOld = true;
        RemoveIfDone(lease);
    }

    // ---- state ----

    public void Capture(GroupState state)
    {
        (state.LeaseNumber, state.LeaseTicket, state.LeaseBytesMax) = (lastNumber, lastTicket, BytesMax);
        state.Leases.AddRange(All.Select(lease => new LeaseState
        {
            Lease = lease.Id.Value, TimeToLiveUs = lease.TimeToLive, DeadlineUs = lease.Deadline, Phase = (uint)lease.Phase, Foreign = !lease.IsOwn, Ticket = lease.Ticket,
            Users = { lease.Users.Select(user => user.Value) },
        }));
    }

    /// <param name="state">Without the attached keys, which the records themselves name.</param>
    /// <param name="attached">Every key of the group that has a lease.</param>
    public void Restore(GroupState state, IEnumerable<(LeaseId Lease, AttachedKey Key)> attached)
    {
        Invariant.That(leases.Count == 0);
        (lastNumber, lastTicket) = (state.LeaseNumber, state.LeaseTicket);
        if (state.LeaseBytesMax != 0) BytesMax = state.LeaseBytesMax;
        foreach (var record in state.Leases)
        {
            var lease = new Lease(new LeaseId(record.Lease), record.TimeToLiveUs, !record.Foreign) { Phase = (LeasePhase)record.Phase, Deadline = record.DeadlineUs, Ticket = record.Ticket };
#if PLANTED
            if (Plants.Has(PlantedBug.LeaseDeadlineNotStored) && lease is { IsOwn: true, Phase: LeasePhase.Live }) lease.Deadline = state.GroupTimeUs + lease.TimeToLive;
#endif
            foreach (var user in record.Users) lease.AddUser(new GroupId(user));
            Insert(lease);
        }
        foreach (var (id, key) in attached)
        {
            Invariant.That(leases.TryGetValue(id, out var lease), "a lease stays while keys are attached to it");
            lease!.Attach(key);
            Bytes += Lease.BytesOf(key);
        }
        foreach (var lease in leases.Values.Where(lease => lease.Phase == LeasePhase.Ending))
        {
            if (lease.Keys.Count > 0) collecting.Add(lease.Id);
            if (lease.Users.Count > 0) releasing.Add(lease.Id);
        }
        Now = state.GroupTimeUs;
        Volatile.Write(ref agenda, BuildAgenda());
    }

    private bool IsLive(Lease lease) => lease.Phase == LeasePhase.Live && lease.Deadline > Now;

    private ulong DeadlineOf(ulong timeToLive) => Now > ulong.MaxValue - timeToLive ? ulong.MaxValue : Now + timeToLive;

    private void Insert(Lease lease)
    {
        leases.Add(lease.Id, lease);
        Bytes += lease.Bytes;
        agendaIsOld = true;
        if (lease.Phase == LeasePhase.Live && lease.Id.Owner != group) known[lease.Id] = true;
        if (HasDeadline(lease)) deadlines.Enqueue(lease, (lease.Deadline, lease.Id));
    }

    private void RemoveIfDone(Lease lease)
    {
        if (lease.Phase != LeasePhase.Ending || lease.Keys.Count > 0 || lease.Users.Count > 0) return;
        leases.Remove(lease.Id);
        lease.IsGone = true;
        Bytes -= lease.Bytes;
        hash.Change(EffectKind.LeaseRemoved, lease.Id.Value, 0, 0);
    }

    /// <summary>Renewed and ended leases may wait in the queue until they are this many more than those in the table.</summary>
    private const int StaleWaitingMax = 1024;

    private void DropStaleDeadlines()
    {
        if (deadlines.Count <= 2 * leases.Count + StaleWaitingMax) return;
        deadlines.Clear();
        foreach (var lease in leases.Values.Where(HasDeadline)) deadlines.Enqueue(lease, (lease.Deadline, lease.Id));
    }

    private static bool HasDeadline(Lease lease) => !lease.IsGone && lease.Phase != LeasePhase.Ending && lease.Deadline != ulong.MaxValue;

    /// <summary>The live lease or announcement with the earliest deadline, which stands at the head of the queue then.</summary>
    private Lease? PeekDeadline()
    {
        while (deadlines.TryPeek(out var lease, out var place))
        {
            if (HasDeadline(lease) && lease.Deadline == place.Item1) return lease;
            deadlines.Dequeue();
            if (HasDeadline(lease)) deadlines.Enqueue(lease, (lease.Deadline, lease.Id));
        }
        return null;
    }

    private LeaseAgenda BuildAgenda()
    {
        agendaIsOld = false;
        DropStaleDeadlines();
        var releases = new SortedDictionary<GroupId, List<LeaseId>>();
        foreach (var id in releasing.Take(LeaseLimits.LeasesPerCommandMax))
            foreach (var user in leases[id].Users)
            {
                if (!releases.TryGetValue(user, out var told)) releases.Add(user, told = []);
                told.Add(id);
            }
        return new LeaseAgenda(PeekDeadline()?.Deadline ?? ulong.MaxValue, collecting.Count > 0, [.. releases.Select(release => new LeaseRelease(release.Key, release.Value))]);
    }
}
