using KvStore.Node.State;
using KvStore.Raft;

namespace KvStore.Node.StateMachine;

/// <summary>
/// The client sessions of a group. Sessions leave it whole: when their time to live has passed since their last write, in group time, or,
/// least recently used first, when all together hold more than <see cref="BytesMax"/>. Both happen at the same entry on every replica.
/// </summary>
internal sealed class SessionTable(EffectHash hash)
{
    /// <summary>Until an OpenSession says otherwise.</summary>
    public const ulong BytesMaxDefault = 64UL << 20;

    /// <summary>Ended sessions may wait in the queue of deadlines until they are this many more than the live ones.</summary>
    private const int EndedWaitingMax = 1024;

    private readonly Dictionary<SessionId, ClientSession> sessions = [];
    /// <summary>Each live session once, under a deadline no later than its own; ended ones are passed over when they surface.</summary>
    private readonly PriorityQueue<ClientSession, ulong> deadlines = new();
    private readonly List<ClientSession> expired = [];
    private ClientSession? oldest, newest;

    public int Count => sessions.Count;
    public long Bytes { get; private set; }
    /// <summary>Replicated: the newest OpenSession's limit.</summary>
    public ulong BytesMax { get; private set; } = BytesMaxDefault;

    public void Open(SessionId id, ulong timeToLive, ulong bytesMax, ulong now)
    {
        Invariant.That(!sessions.ContainsKey(id));
        if (bytesMax != 0) BytesMax = bytesMax;
        Insert(new ClientSession(id, timeToLive, now));
        hash.Change(EffectKind.SessionOpened, id.Group.Value, id.Index, timeToLive);
    }

    /// <summary>The session of a write, renewed by it; null when it has ended or never was here.</summary>
    public ClientSession? Use(SessionId id, ulong now)
    {
        if (!sessions.TryGetValue(id, out var session)) return null;
        session.LastUsed = now;
        if (session == newest) return session;
        Unlink(session);
        Link(session);
        return session;
    }

    public void Acknowledge(ClientSession session, ulong lowestAwaited)
    {
        if (lowestAwaited <= session.LowestAwaited) return;
        Bytes -= session.Bytes;
        session.Acknowledge(lowestAwaited);
        Bytes += session.Bytes;
        hash.Change(EffectKind.SessionAcknowledged, session.Id.Group.Value, session.Id.Index, lowestAwaited);
    }

    public void Keep(ClientSession session, in StoredAnswer answer)
    {
        Bytes -= session.Bytes;
        session.Keep(answer);
        Bytes += session.Bytes;
    }

    /// <summary>Ends every session whose time has passed.</summary>
    public void Expire(ulong now)
    {
        while (deadlines.TryPeek(out var session, out var deadline) && deadline <= now)
        {
            deadlines.Dequeue();
            if (session.Ended) continue;
            if (session.Deadline <= now) expired.Add(session);
            else deadlines.Enqueue(session, session.Deadline);
        }
        if (expired.Count == 0) return;
        // The queue's order among equals depends on its history; the hash must not.
#if PLANTED
        if (!Plants.Has(PlantedBug.ExpiryInQueueOrder))
#endif
        expired.Sort(static (a, b) => a.Id.CompareTo(b.Id));
        foreach (var session in expired) End(session);
        expired.Clear();
    }

    /// <summary>Ends the least recently used sessions until the rest is within the limit.</summary>
    public void Evict()
    {
        while ((ulong)Bytes > BytesMax && oldest is { } session) End(session);
        if (deadlines.Count <= 2 * sessions.Count + EndedWaitingMax) return;
        deadlines.Clear();
        for (var session = oldest; session is not null; session = session.Newer) deadlines.Enqueue(session, session.Deadline);
    }

    /// <summary>Least recently used first: that order is state, too.</summary>
    public IEnumerable<SessionState> Capture()
    {
        for (var session = oldest; session is not null; session = session.Newer)
        {
            var record = new SessionState
            {
                SessionGroup = session.Id.Group.Value, SessionIndex = session.Id.Index, TimeToLiveUs = session.TimeToLive,
                LastUsedUs = session.LastUsed, LowestAwaited = session.LowestAwaited,
            };
#if PLANTED
            if (!Plants.Has(PlantedBug.SessionResultsNotStored))
#endif
            record.Results.AddRange(session.Answers().Select(a => a.ToRecord()));
            yield return record;
        }
    }

    public void Restore(IEnumerable<SessionState> records, ulong bytesMax)
    {
        Invariant.That(sessions.Count == 0);
        if (bytesMax != 0) BytesMax = bytesMax;
        foreach (var record in records)
        {
            var session = new ClientSession(new SessionId(new GroupId(record.SessionGroup), record.SessionIndex), record.TimeToLiveUs, record.LastUsedUs);
            if (record.LowestAwaited > session.LowestAwaited) session.Acknowledge(record.LowestAwaited);
            foreach (var result in record.Results) session.Keep(StoredAnswer.FromRecord(result));
            Insert(session);
        }
    }

    private void Insert(ClientSession session)
    {
        sessions.Add(session.Id, session);
        Link(session);
        deadlines.Enqueue(session, session.Deadline);
        Bytes += session.Bytes;
    }

    private void End(ClientSession session)
    {
        sessions.Remove(session.Id);
        Unlink(session);
        Bytes -= session.Bytes;
        session.End();
        hash.Change(EffectKind.SessionEnded, session.Id.Group.Value, session.Id.Index, 0);
    }

    private void Link(ClientSession session)
    {
        session.Older = newest;
        session.Newer = null;
        if (newest is null) oldest = session;
        else newest.Newer = session;
        newest = session;
    }

    private void Unlink(ClientSession session)
    {
        if (session.Older is null) oldest = session.Newer;
        else session.Older.Newer = session.Newer;
        if (session.Newer is null) newest = session.Older;
        else session.Newer.Older = session.Older;
    }
}
