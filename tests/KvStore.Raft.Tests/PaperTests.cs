using KvStore.Raft.Tests.Network;

namespace KvStore.Raft.Tests;

/// <summary>The rules of the Raft paper (Ongaro, Ousterhout 2014), one replica at a time, by section.</summary>
public sealed class PaperTests
{
    [Fact]
    public void Section_5_1_a_message_of_an_older_term_is_refused_and_told_the_newer_one()
    {
        var bench = new Bench(term: 5, log: [1]);
        var answers = bench.Step(bench.Append(term: 4, previous: 1, previousTerm: 1));
        Assert.True(answers.Single() is { Kind: MessageKind.AppendEntriesResponse, Reject: true } answer && answer.Term == new Term(5));
        answers = bench.Step(bench.Vote(term: 4, last: 9, lastTerm: 4));
        Assert.True(answers.Single() is { Kind: MessageKind.RequestVoteResponse, Reject: true } refusal && refusal.Term == new Term(5));
        Assert.Equal(ReplicaId.None, bench.Node.Leader);
    }

    [Theory]
    [InlineData(RaftRole.Follower)]
    [InlineData(RaftRole.PreCandidate)]
    [InlineData(RaftRole.Candidate)]
    [InlineData(RaftRole.Leader)]
    public void Section_5_1_a_newer_term_makes_any_role_a_follower(RaftRole role)
    {
        var bench = new Bench(term: 1, log: [1]);
        bench.Become(role);
        bench.Step(bench.Append(term: 9, previous: 0, previousTerm: 0));
        Assert.Equal((RaftRole.Follower, new Term(9), new ReplicaId(2)), (bench.Node.Role, bench.Node.Term, bench.Node.Leader));
    }

    [Fact]
    public void Section_5_2_election_timeouts_are_spread_over_their_interval()
    {
        List<double> timeouts = [];
        for (ulong seed = 0; seed < 100; seed++)
        {
            var bench = new Bench(seed: seed);
            var start = bench.Now;
            while (bench.Node.Role == RaftRole.Follower) bench.Tick(1);
            timeouts.Add((bench.Now - start).TotalMilliseconds);
        }
        Assert.All(timeouts, t => Assert.InRange(t, 500, 1000));
        Assert.True(timeouts.Distinct().Count() > 70 && timeouts.Min() < 550 && timeouts.Max() > 950);
    }

    [Fact]
    public void Section_5_2_one_vote_a_term_first_come_and_durable_before_the_answer()
    {
        var bench = new Bench(term: 1, log: [1]);
        bench.Advance(500);
        bench.Node.Step(bench.Vote(term: 2, last: 1, lastTerm: 1), bench.Now);
        var ready = bench.Node.TakeReady();
        Assert.Equal(new HardState(new Term(2), new ReplicaId(2)), ready.HardState);
        Assert.Empty(ready.Messages);
        Assert.False(ready.MessagesAfterSync.Single().Reject);
        Assert.True(bench.Step(bench.Vote(term: 2, last: 1, lastTerm: 1, from: 3)).Single().Reject);
        Assert.False(bench.Step(bench.Vote(term: 2, last: 1, lastTerm: 1, from: 2)).Single().Reject);
    }

    [Fact]
    public void Section_5_2_a_candidate_asks_for_votes_only_after_its_own_is_durable()
    {
        var bench = new Bench(term: 1, log: [1]);
        bench.Become(RaftRole.Candidate, sync: false);
        var ready = bench.Node.TakeReady();
        Assert.Equal(new HardState(new Term(2), new ReplicaId(1)), ready.HardState);
        Assert.DoesNotContain(ready.Messages, m => m.Kind == MessageKind.RequestVote);
        Assert.Equal(2, ready.MessagesAfterSync.Count(m => m.Kind == MessageKind.RequestVote));
    }

    [Fact]
    public void Section_5_2_votes_of_other_terms_and_pre_votes_do_not_count()
    {
        var bench = new Bench(voters: 5, term: 1, log: [1]);
        bench.Become(RaftRole.Candidate);
        for (ulong from = 2; from <= 5; from++)
        {
            bench.Step(bench.Answer(MessageKind.RequestVoteResponse, term: 1, from));
            bench.Step(bench.Answer(MessageKind.RequestPreVoteResponse, term: 2, from));
        }
        bench.Step(bench.Answer(MessageKind.RequestVoteResponse, term: 2, from: 2));
        bench.Step(bench.Answer(MessageKind.RequestVoteResponse, term: 2, from: 2));
        Assert.Equal(RaftRole.Candidate, bench.Node.Role);
        bench.Step(bench.Answer(MessageKind.RequestVoteResponse, term: 2, from: 3));
        Assert.Equal(RaftRole.Leader, bench.Node.Role);
    }

    [Fact]
    public void Section_5_2_a_candidate_yields_to_the_leader_of_its_term()
    {
        var bench = new Bench(term: 1, log: [1]);
        bench.Become(RaftRole.Candidate);
        bench.Step(bench.Append(term: 2, previous: 1, previousTerm: 1));
        Assert.Equal((RaftRole.Follower, new ReplicaId(2)), (bench.Node.Role, bench.Node.Leader));
    }

    [Fact]
    public void Section_5_3_an_append_without_its_predecessor_is_refused_with_a_hint()
    {
        var bench = new Bench(term: 5, log: [1, 1, 2, 2, 4]);
        var answer = bench.Step(bench.Append(term: 5, previous: 5, previousTerm: 3)).Single();
        Assert.Equal((true, new LogIndex(5), new LogIndex(4), new Term(2)), (answer.Reject, answer.Index, answer.HintIndex, answer.LogTerm));
        answer = bench.Step(bench.Append(term: 5, previous: 9, previousTerm: 5)).Single();
        Assert.Equal((true, new LogIndex(9), new LogIndex(5), new Term(4)), (answer.Reject, answer.Index, answer.HintIndex, answer.LogTerm));
    }

    [Fact]
    public void Section_5_3_only_a_conflict_truncates_and_the_answer_waits_for_the_sync()
    {
        var bench = new Bench(term: 3, log: [1, 2, 2]);
        bench.Step(bench.Append(term: 3, previous: 1, previousTerm: 1, terms: [2]));
        Assert.Equal(new LogIndex(3), bench.Node.LastIndex);
        bench.Node.Step(bench.Append(term: 3, previous: 1, previousTerm: 1, terms: [3]), bench.Now);
        Assert.Equal(new LogIndex(2), bench.Node.LastIndex);
        var ready = bench.Node.TakeReady();
        Assert.Empty(ready.Messages);
        Assert.Equal(new LogIndex(2), ready.MessagesAfterSync.Single().Index);
        Assert.Equal(new Term(3), ready.Entries.Single().Term);
    }

    [Fact]
    public void Section_5_3_commit_is_the_leaders_or_the_last_new_entry()
    {
        var bench = new Bench(term: 3, log: [1, 2, 2]);
        bench.Step(bench.Append(term: 3, previous: 1, previousTerm: 1, commit: 3));
        Assert.Equal(new LogIndex(1), bench.Node.Commit);
        bench.Step(bench.Append(term: 3, previous: 1, previousTerm: 1, terms: [2], commit: 3));
        Assert.Equal(new LogIndex(2), bench.Node.Commit);
        bench.Step(bench.Append(term: 3, previous: 2, previousTerm: 2, terms: [3], commit: 2));
        Assert.Equal(new LogIndex(2), bench.Node.Commit);
    }

    [Theory]
    [InlineData(3, 4, true)]
    [InlineData(1, 4, true)]
    [InlineData(3, 3, true)]
    [InlineData(4, 3, true)]
    [InlineData(2, 3, false)]
    [InlineData(9, 2, false)]
    public void Section_5_4_1_a_vote_only_for_a_log_at_least_as_up_to_date(ulong last, ulong lastTerm, bool granted)
    {
        var bench = new Bench(term: 4, log: [1, 2, 3]);
        bench.Advance(500);
        Assert.Equal(granted, !bench.Step(bench.PreVote(term: 5, last, lastTerm)).Single().Reject);
        Assert.Equal(granted, !bench.Step(bench.Vote(term: 5, last, lastTerm)).Single().Reject);
    }

    [Fact]
    public void Section_5_4_2_entries_of_earlier_terms_commit_only_with_one_of_the_leaders_own()
    {
        var bench = new Bench(term: 2, log: [1, 2]);
        bench.Become(RaftRole.Leader);
        bench.Step(bench.Answer(MessageKind.AppendEntriesResponse, term: 3, from: 2, index: 2));
        Assert.Equal(LogIndex.None, bench.Node.Commit);
        bench.Step(bench.Answer(MessageKind.AppendEntriesResponse, term: 3, from: 2, index: 3));
        Assert.Equal(new LogIndex(3), bench.Node.Commit);
    }

    [Fact]
    public void Section_8_a_leader_starts_its_term_with_an_empty_entry()
    {
        var bench = new Bench(term: 1, log: [1]);
        bench.Become(RaftRole.Leader);
        Assert.Equal(EntryKind.TermStart, bench.Replica.Disk.Entries[^1].Kind);
    }
}
