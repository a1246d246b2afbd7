using KvStore.Raft;
using KvStore.Simulation.Checks;

namespace KvStore.Simulation.Tests.Checks;

/// <summary>Each rule of Raft finds what breaks it, and nothing in what does not.</summary>
public class ReplicaCheckTests
{
    private static readonly GroupId Group = new(1);

    private readonly Findings _findings = new(static () => { });
    private readonly ReplicaBook _book;
    private readonly ObservedReplica _one, _other;

    public ReplicaCheckTests()
    {
        _book = new ReplicaBook(CheckList.Make(_findings, trustsLeases: true, static _ => false));
        _one = _book.Add(Group, new ReplicaId(1), new NodeId(1), static () => TimeSpan.FromSeconds(1));
        _other = _book.Add(Group, new ReplicaId(2), new NodeId(2), static () => TimeSpan.Zero);
        foreach (var replica in (ObservedReplica[])[_one, _other]) _book.Started(replica, Start(default));
    }

    [Fact]
    public void An_orderly_course_is_no_finding()
    {
        _book.Look(_one, new Term(1), isLeader: true, default);
        _book.Logged(_one, [Entry(1, 1), Entry(1, 2)]);
        _book.Logged(_other, [Entry(1, 1), Entry(1, 2)]);
        _book.Sent(_other, new SentMessage(MessageKind.AppendEntriesResponse, _one.Id, new Term(1), new LogIndex(2), Reject: false));
        _book.Look(_one, new Term(1), isLeader: true, new LogIndex(2));
        _book.Applied(_one, new LogIndex(1), 5);
        _book.Applied(_other, new LogIndex(1), 5);
        _book.Started(_other, Start(new HardState(new Term(1), default), Entry(1, 1), Entry(1, 2)));
        Assert.Null(_findings.First);
    }

    [Fact]
    public void Two_leaders_of_a_term() => Finds("one leader a term", () =>
    {
        _book.Look(_one, new Term(3), isLeader: true, default);
        _book.Look(_other, new Term(3), isLeader: true, default);
    });

    [Fact]
    public void Two_votes_in_a_term() => Finds("one vote a term", () =>
    {
        _book.Sent(_other, new SentMessage(MessageKind.RequestVoteResponse, new ReplicaId(1), new Term(3), default, Reject: false));
        _book.Started(_other, Start(new HardState(new Term(3), default)));
        _book.Sent(_other, new SentMessage(MessageKind.RequestVoteResponse, new ReplicaId(3), new Term(3), default, Reject: false));
    });

    [Fact]
    public void A_vote_that_was_forgotten() => Finds("one vote a term", () =>
    {
        _book.Sent(_other, new SentMessage(MessageKind.RequestVote, new ReplicaId(1), new Term(3), default, Reject: false));
        _book.Started(_other, Start(new HardState(new Term(2), default)));
    });

    [Fact]
    public void Two_entries_of_one_index_and_term() => Finds("log matching", () =>
    {
        _book.Logged(_one, [Entry(1, 1)]);
        _book.Logged(_other, [Entry(1, 1, content: 9)]);
    });

    [Fact]
    public void A_committed_entry_that_is_dropped() => Finds("committed prefix", () =>
    {
        _book.Logged(_one, [Entry(1, 1), Entry(1, 2)]);
        _book.Look(_one, new Term(1), isLeader: false, new LogIndex(2));
        _book.Logged(_one, [Entry(1, 1)]);
    });

    [Fact]
    public void Two_entries_committed_at_one_index() => Finds("committed prefix", () =>
    {
        _book.Logged(_one, [Entry(1, 1)]);
        _book.Logged(_other, [Entry(2, 1)]);
        _book.Look(_one, new Term(1), isLeader: false, new LogIndex(1));
        _book.Look(_other, new Term(2), isLeader: false, new LogIndex(1));
    });

    [Fact]
    public void A_leader_without_what_was_committed() => Finds("leader completeness", () =>
    {
        _book.Logged(_one, [Entry(1, 1)]);
        _book.Look(_one, new Term(1), isLeader: false, new LogIndex(1));
        _book.Look(_other, new Term(2), isLeader: true, default);
    });

    [Fact]
    public void An_acknowledged_entry_that_a_crash_took() => Finds("acknowledged entries are durable", () =>
    {
        _book.Logged(_other, [Entry(1, 1), Entry(1, 2)]);
        _book.Sent(_other, new SentMessage(MessageKind.AppendEntriesResponse, _one.Id, new Term(1), new LogIndex(2), Reject: false));
        _book.Started(_other, Start(new HardState(new Term(1), default), Entry(1, 1)));
    });

    [Fact]
    public void Two_states_at_one_index() => Finds("state hash", () =>
    {
        _book.Applied(_one, new LogIndex(1), 5);
        _book.Applied(_other, new LogIndex(1), 6);
    });

    [Fact]
    public void A_leader_beside_a_lease() => Finds("leader lease", () => _book.Look(_other, new Term(2), isLeader: true, default));

    private void Finds(string check, Action course)
    {
        course();
        Assert.Equal(check, _findings.First?.Check);
    }

    private static Entry Entry(ulong term, ulong index, byte content = 0) => new(new Term(term), new LogIndex(index), EntryKind.Normal, new[] { content });

    private static RaftStart Start(HardState state, params Entry[] entries) => new()
    {
        HardState = state, SnapshotIndex = default, SnapshotTerm = default, Configuration = Configuration.Empty, Applied = default, Entries = entries, Log = new NoLog(),
    };

    private sealed class NoLog : ILogSource
    {
        public IReadOnlyList<Entry> Read(LogIndex from, LogIndex to, long bytesMax) => throw new InvalidOperationException("nobody reads");
    }
}
