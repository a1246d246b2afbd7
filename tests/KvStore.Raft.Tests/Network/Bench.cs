namespace KvStore.Raft.Tests.Network;

/// <summary>One replica, number 1 of a group, whose peers are played by the test; its disk answers at once unless told otherwise.</summary>
internal sealed class Bench
{
    private readonly ulong _voters;

    public Bench(ulong voters = 3, ulong term = 0, ulong[]? log = null, ulong seed = 1, Func<RaftOptions, RaftOptions>? options = null)
    {
        _voters = voters;
        var settings = new RaftOptions { Group = new GroupId(1), Self = new ReplicaId(1), Seed = seed };
        Replica = new SimulatedReplica(options?.Invoke(settings) ?? settings, new Configuration([.. Enumerable.Range(1, (int)voters).Select(i => new ReplicaId((ulong)i))]), Now);
        if (log is not null)
            Replica.Boot(new HardState(new Term(term), ReplicaId.None), [.. log.Select((t, i) => new Entry(new Term(t), new LogIndex((ulong)i + 1), EntryKind.Normal, default))], Now);
    }

    public SimulatedReplica Replica { get; }
    public RaftNode Node => Replica.Node;
    public MonotonicTime Now { get; private set; } = new(1_000_000_000);

    public void Advance(int milliseconds) => Now += TimeSpan.FromMilliseconds(milliseconds);

    public List<RaftMessage> Tick(int milliseconds)
    {
        Advance(milliseconds);
        Node.Tick(Now);
        return Drain();
    }

    /// <summary>Delivers a message and returns all that the replica sends until it is quiet.</summary>
    public List<RaftMessage> Step(RaftMessage message)
    {
        Node.Step(message, Now);
        return Drain();
    }

    public List<RaftMessage> Drain()
    {
        List<RaftMessage> sent = [];
        do
        {
            while (Node.HasReady) Replica.Take(sent.Add, Now);
        } while (Replica.Sync(sent.Add, Now) || Node.HasReady);
        return sent;
    }

    /// <summary>Lets the promise of the start expire and brings the replica into a role.</summary>
    public void Become(RaftRole role, bool sync = true)
    {
        Advance(500);
        if (role == RaftRole.Follower) return;
        Node.Campaign(Now);
        Drain();
        if (role == RaftRole.PreCandidate) return;
        var majority = _voters / 2 + 1;
        for (ulong from = 2; from <= majority; from++) Node.Step(Answer(MessageKind.RequestPreVoteResponse, Node.Term.Value + (Node.Role == RaftRole.PreCandidate ? 1UL : 0), from), Now);
        if (sync) Drain();
        if (role == RaftRole.Leader)
            for (ulong from = 2; from <= majority; from++) Node.Step(Answer(MessageKind.RequestVoteResponse, Node.Term.Value, from), Now);
        if (sync) Drain();
        Assert.Equal(role, Node.Role);
    }

    public RaftMessage Append(ulong term, ulong previous, ulong previousTerm, ulong[]? terms = null, ulong commit = 0, ulong from = 2) => new()
    {
        Kind = MessageKind.AppendEntries,
        From = new ReplicaId(from),
        To = Replica.Id,
        Term = new Term(term),
        Index = new LogIndex(previous),
        LogTerm = new Term(previousTerm),
        Entries = [.. (terms ?? []).Select((t, i) => new Entry(new Term(t), new LogIndex(previous + 1 + (ulong)i), EntryKind.Normal, new byte[] { 1 }))],
        Commit = new LogIndex(commit),
    };

    public RaftMessage Heartbeat(ulong term, ulong round = 1, ulong commit = 0, ulong from = 2) =>
        new() { Kind = MessageKind.Heartbeat, From = new ReplicaId(from), To = Replica.Id, Term = new Term(term), Round = round, Commit = new LogIndex(commit) };

    public RaftMessage Vote(ulong term, ulong last, ulong lastTerm, ulong from = 2, bool transfer = false) => Request(MessageKind.RequestVote, term, last, lastTerm, from, transfer);

    public RaftMessage PreVote(ulong term, ulong last, ulong lastTerm, ulong from = 2) => Request(MessageKind.RequestPreVote, term, last, lastTerm, from, transfer: false);

    public RaftMessage Answer(MessageKind kind, ulong term, ulong from, ulong index = 0, ulong round = 0, bool reject = false) =>
        new() { Kind = kind, From = new ReplicaId(from), To = Replica.Id, Term = new Term(term), Index = new LogIndex(index), Round = round, Reject = reject };

    private RaftMessage Request(MessageKind kind, ulong term, ulong last, ulong lastTerm, ulong from, bool transfer) => new()
    {
        Kind = kind,
        From = new ReplicaId(from),
        To = Replica.Id,
        Term = new Term(term),
        Index = new LogIndex(last),
        LogTerm = new Term(lastTerm),
        Transfer = transfer,
    };
}
