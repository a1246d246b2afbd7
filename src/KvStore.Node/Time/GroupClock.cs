using KvStore.Node.StateMachine;
using KvStore.Raft;

namespace KvStore.Node.Time;

/// <summary>
/// Group time for the next entry (DESIGN §6): the newest entry's time + this node's own monotonic time since it appended or received that entry. No wall clock and no
/// other node's clock comes in, and time in which no node runs does not count. What a leader says of its group time with each message counts like an entry, so that a follower's own clock
/// counts only since the newest heartbeat, however long the group is idle; and a candidate that was restarted hears the time with its votes.
/// </summary>
internal sealed class GroupClock(ulong microseconds, MonotonicTime now)
{
    private ulong _microseconds = microseconds;
    private MonotonicTime _since = now;

    public ulong At(MonotonicTime now)
    {
#if PLANTED
        if (Plants.Has(PlantedBug.LeaseByLeaderClock)) return Math.Max(_microseconds, (ulong)now.Nanoseconds / 1000);
#endif
        return _microseconds + (ulong)Math.Max(0, now.Nanoseconds - _since.Nanoseconds) / 1000;
    }

    /// <summary>How long it has counted by itself: on a leader, since its newest entry.</summary>
    public TimeSpan Alone(MonotonicTime now) => now - _since;

    /// <summary>Entries that this replica has just appended or received, in order.</summary>
    public void Observe(IReadOnlyList<Entry> entries, MonotonicTime now)
    {
        for (var i = entries.Count - 1; i >= 0; i--)
        {
            if (entries[i].Kind != EntryKind.Normal || !TryRead(entries[i], out var time)) continue;
            AtLeast(time, now);
            return;
        }
    }

    /// <summary>An entry that is sent again is older than what its leader said with it.</summary>
    public void AtLeast(ulong time, MonotonicTime now)
    {
        if (time > At(now)) Set(time, now);
    }

    public void Set(ulong time, MonotonicTime now)
    {
        _microseconds = time;
        _since = now;
    }

    /// <summary>The group time that an entry carries: the first field of its payload.</summary>
    public static bool TryRead(Entry entry, out ulong time)
    {
        var reader = new WireReader(entry.Payload.Span);
        time = 0;
        if (!reader.TryReadTag(out var tag) || tag != EntryPayloadView.GroupTimeTag) return false;
        time = reader.ReadVarint();
        return !reader.Malformed;
    }
}
