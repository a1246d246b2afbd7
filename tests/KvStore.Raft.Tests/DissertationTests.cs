using KvStore.Raft.Tests.Network;

namespace KvStore.Raft.Tests;

/// <summary>The rules of the Raft dissertation (Ongaro 2014) beyond the paper, and those of the leader lease, by section.</summary>
public sealed class DissertationTests
{
    [Fact]
    public void Section_3_10_timeout_now_skips_the_pre_vote_and_the_promise()
    {
        var bench = new Bench(term: 2, log: [1]);
        bench.Step(bench.Append(term: 2, previous: 1, previousTerm: 1));
        var requests = bench.Step(bench.Answer(MessageKind.TimeoutNow, term: 2, from: 2));
        Assert.Equal(RaftRole.Candidate, bench.Node.Role);
        Assert.All(requests, m => Assert.True(m is { Kind: MessageKind.RequestVote, Transfer: true }));
    }

    [Fact]
    public void Section_3_10_timeout_now_of_a_stranger_or_an_older_term_is_ignored()
    {
        var bench = new Bench(term: 2, log: [1]);
        bench.Step(bench.Append(term: 2, previous: 1, previousTerm: 1));
        bench.Step(bench.Answer(MessageKind.TimeoutNow, term: 2, from: 3));
        bench.Step(bench.Answer(MessageKind.TimeoutNow, term: 1, from: 2));
        Assert.Equal(RaftRole.Follower, bench.Node.Role);
    }

    [Fact]
    public void Section_4_2_2_a_replica_that_an_uncommitted_change_removes_still_campaigns()
    {
        var bench = new Bench(term: 2, log: [1]);
        var removal = new Configuration([new(2), new(3)]);
        bench.Step(Change(bench, removal, commit: 1));
        Assert.Equal(removal, bench.Node.Configuration);
        bench.Tick(1000);
        Assert.Equal(RaftRole.PreCandidate, bench.Node.Role);
    }

    [Fact]
    public void Section_4_2_2_a_replica_whose_removal_is_committed_does_not()
    {
        var bench = new Bench(term: 2, log: [1]);
        bench.Step(Change(bench, new Configuration([new(2), new(3)]), commit: 2));
        bench.Tick(1000);
        bench.Tick(1000);
        Assert.Equal(RaftRole.Follower, bench.Node.Role);
    }

    [Fact]
    public void Section_4_2_3_no_vote_within_the_minimum_election_timeout_after_the_leader_spoke()
    {
        var bench = new Bench(term: 2, log: [1]);
        bench.Advance(600);
        bench.Step(bench.Heartbeat(term: 2));
        bench.Advance(499);
        Assert.True(bench.Step(bench.PreVote(term: 3, last: 9, lastTerm: 2, from: 3)).Single().Reject);
        Assert.True(bench.Step(bench.Vote(term: 3, last: 9, lastTerm: 2, from: 3)).Single().Reject);
        Assert.Equal(new Term(2), bench.Node.Term);
        Assert.False(bench.Step(bench.Vote(term: 3, last: 9, lastTerm: 2, from: 3, transfer: true)).Single().Reject);
    }

    [Fact]
    public void No_vote_within_the_minimum_election_timeout_after_the_own_start()
    {
        var bench = new Bench(term: 2, log: [1]);
        bench.Advance(499);
        Assert.True(bench.Step(bench.Vote(term: 3, last: 9, lastTerm: 2)).Single().Reject);
        bench.Advance(1);
        Assert.False(bench.Step(bench.Vote(term: 3, last: 9, lastTerm: 2)).Single().Reject);
    }

    [Fact]
    public void A_campaign_waits_for_the_own_promise()
    {
        var bench = new Bench(term: 2, log: [1]);
        bench.Step(bench.Heartbeat(term: 2));
        bench.Node.Campaign(bench.Now);
        Assert.Equal(RaftRole.Follower, bench.Node.Role);
        bench.Tick(499);
        Assert.Equal(RaftRole.Follower, bench.Node.Role);
        bench.Tick(1);
        Assert.Equal(RaftRole.PreCandidate, bench.Node.Role);
    }

    [Fact]
    public void Section_6_4_the_lease_counts_from_the_sending_of_the_acknowledged_round()
    {
        var bench = Leader(voters: 5);
        var round = bench.Tick(100).First(m => m.Kind == MessageKind.Heartbeat).Round;
        var sent = bench.Now;
        bench.Advance(80);
        bench.Step(bench.Answer(MessageKind.HeartbeatResponse, 2, from: 2, round: round));
        Assert.Null(bench.Node.LeaseReadIndex(bench.Now));
        bench.Step(bench.Answer(MessageKind.HeartbeatResponse, 2, from: 3, round: round));
        Assert.Equal(new LeaderLease(new Term(2), sent + TimeSpan.FromMilliseconds(475)), bench.Node.LeaseView);
        Assert.Equal(bench.Node.Commit, bench.Node.LeaseReadIndex(sent + TimeSpan.FromMilliseconds(474)));
        Assert.Null(bench.Node.LeaseReadIndex(sent + TimeSpan.FromMilliseconds(475)));
    }

    [Fact]
    public void Section_6_4_answers_to_rounds_that_were_not_sent_prove_nothing()
    {
        var bench = Leader(voters: 3);
        bench.Node.ReadIndex(7, bench.Now);
        bench.Drain();
        foreach (var round in new ulong[] { 0, 99, ulong.MaxValue })
            foreach (var from in new ulong[] { 2, 3 }) bench.Step(bench.Answer(MessageKind.HeartbeatResponse, 2, from, round: round));
        Assert.Empty(bench.Replica.ReadStates);
        Assert.Null(bench.Node.LeaseReadIndex(bench.Now));
    }

    [Fact]
    public void Section_6_4_every_round_of_reads_has_a_fresh_number()
    {
        var bench = Leader(voters: 3);
        HashSet<ulong> rounds = [];
        for (ulong read = 1; read <= 50; read++)
        {
            bench.Node.ReadIndex(read, bench.Now);
            var heartbeats = bench.Drain().Where(m => m.Kind == MessageKind.Heartbeat && m.Round != 0).ToList();
            Assert.Equal(2, heartbeats.Count);
            Assert.True(rounds.Add(heartbeats[0].Round));
        }
    }

    [Fact]
    public void Section_6_4_reads_fail_when_leadership_ends()
    {
        var bench = Leader(voters: 3);
        bench.Node.ReadIndex(7, bench.Now);
        bench.Drain();
        bench.Step(bench.Append(term: 9, previous: 0, previousTerm: 0));
        Assert.Equal(new ReadState(7, LogIndex.None, Failed: true), bench.Replica.ReadStates.Single());
    }

    [Fact]
    public void Section_9_6_a_pre_vote_changes_nothing_on_either_side()
    {
        var bench = new Bench(term: 2, log: [1]);
        bench.Advance(500);
        Assert.False(bench.Step(bench.PreVote(term: 7, last: 1, lastTerm: 1)).Single().Reject);
        Assert.False(bench.Step(bench.PreVote(term: 7, last: 1, lastTerm: 1, from: 3)).Single().Reject);
        Assert.Equal(new Term(2), bench.Node.Term);
        bench.Become(RaftRole.PreCandidate);
        Assert.Equal(new Term(2), bench.Node.Term);
        Assert.Equal(new HardState(new Term(2), ReplicaId.None), bench.Replica.DurableState with { Vote = ReplicaId.None });
    }

    private static Bench Leader(ulong voters)
    {
        var bench = new Bench(voters, term: 1, log: [1]);
        bench.Become(RaftRole.Leader);
        for (ulong from = 2; from <= voters / 2 + 1; from++) bench.Step(bench.Answer(MessageKind.AppendEntriesResponse, 2, from, index: 2));
        Assert.Equal(new LogIndex(2), bench.Node.Commit);
        return bench;
    }

    private static RaftMessage Change(Bench bench, Configuration configuration, ulong commit) => new()
    {
        Kind = MessageKind.AppendEntries,
        From = new ReplicaId(2),
        To = bench.Replica.Id,
        Term = new Term(2),
        Index = new LogIndex(1),
        LogTerm = new Term(1),
        Entries = [new Entry(new Term(2), new LogIndex(2), EntryKind.ConfigurationChange, configuration.Encode())],
        Commit = new LogIndex(commit),
    };
}
