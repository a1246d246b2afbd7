using KvStore.Raft.Tests.Network;

namespace KvStore.Raft.Tests;

/// <summary>The contract between the core and its host: batches, limits, memory, bad input.</summary>
public sealed class RaftNodeTests
{
    [Fact]
    public void Waiting_proposals_make_one_append_for_each_follower_and_share_the_entries()
    {
        var bench = Leader();
        for (var i = 0; i < 5; i++) bench.Node.Propose(new byte[10], bench.Now);
        var ready = bench.Node.TakeReady();
        Assert.Equal(2, ready.Messages.Count);
        Assert.All(ready.Messages, m => Assert.Same(ready.Entries, m.Entries));
        Assert.Equal(5, ready.Entries.Count);
        Assert.False(bench.Node.HasReady);
    }

    [Fact]
    public void Appends_stop_at_the_bytes_and_messages_in_flight()
    {
        var bench = Leader(o => o with { AppendMessageBytesMax = 200, InFlightBytesMax = 500, InFlightMessagesMax = 100 });
        for (var i = 0; i < 50; i++) bench.Node.Propose(new byte[68], bench.Now);
        var sent = bench.Drain().Where(m => m.To == new ReplicaId(2)).ToList();
        Assert.Equal(5, sent.Sum(m => m.Entries.Count));
        Assert.All(sent, m => Assert.InRange(m.Entries.Sum(e => e.Size), 1, 200));
        sent = bench.Step(bench.Answer(MessageKind.AppendEntriesResponse, 2, from: 2, index: 4)).Where(m => m.To == new ReplicaId(2)).ToList();
        Assert.Equal(2, sent.Sum(m => m.Entries.Count));

        bench = Leader(o => o with { AppendMessageBytesMax = 1, InFlightMessagesMax = 3 });
        for (var i = 0; i < 50; i++) bench.Node.Propose(new byte[68], bench.Now);
        Assert.Equal(3, bench.Drain().Count(m => m.To == new ReplicaId(2)));
    }

    [Fact]
    public void Uncommitted_bytes_are_bounded_but_one_proposal_is_always_taken()
    {
        var bench = Leader(o => o with { UncommittedBytesMax = 1000 });
        Assert.Equal(ProposeStatus.Accepted, bench.Node.Propose(new byte[5000], bench.Now).Status);
        Assert.Equal(ProposeStatus.Overloaded, bench.Node.Propose(new byte[1], bench.Now).Status);
        Assert.Equal(5000 + Entry.OverheadBytes, bench.Node.UncommittedBytes);
        bench.Drain();
        bench.Step(bench.Answer(MessageKind.AppendEntriesResponse, 2, from: 2, index: 3));
        Assert.Equal(0, bench.Node.UncommittedBytes);
        Assert.Equal(ProposeStatus.Accepted, bench.Node.Propose(new byte[1], bench.Now).Status);
    }

    [Fact]
    public void Several_batches_may_be_in_the_works_and_are_acknowledged_in_order()
    {
        var bench = new Bench(voters: 1);
        bench.Node.Campaign(bench.Now);
        bench.Drain();
        List<Ready> batches = [];
        for (var i = 0; i < 3; i++)
        {
            bench.Node.Propose(new byte[] { (byte)i }, bench.Now);
            batches.Add(bench.Node.TakeReady());
        }
        Assert.All(batches, b => Assert.Single(b.Entries));
        Assert.Equal(new LogIndex(1), bench.Node.Commit);
        foreach (var batch in batches)
        {
            bench.Replica.Disk.Write(batch.Entries);
            bench.Node.Persisted(batch.Entries[^1].Index, batch.Entries[^1].Term, bench.Now);
            Assert.Equal(batch.Entries[^1].Index, bench.Node.Commit);
            Assert.Same(batch.Entries[0], bench.Node.TakeReady().Committed.Single());
        }
    }

    [Fact]
    public void Acknowledgements_of_no_batch_are_ignored()
    {
        var bench = Leader();
        bench.Node.Propose(new byte[1], bench.Now);
        bench.Node.TakeReady();
        bench.Step(bench.Answer(MessageKind.AppendEntriesResponse, 2, from: 2, index: 3));
        bench.Node.Persisted(new LogIndex(3), new Term(1), bench.Now);
        bench.Node.Persisted(new LogIndex(9), new Term(2), bench.Now);
        Assert.Equal(new LogIndex(2), bench.Node.Commit);
    }

    [Fact]
    public void Old_entries_leave_the_memory_and_are_read_back_for_a_slow_follower()
    {
        var bench = Leader(o => o with { CachedBytesMax = 300, AppendMessageBytesMax = 500 });
        for (var i = 0; i < 51; i++)
        {
            bench.Node.Propose(new byte[68], bench.Now);
            bench.Drain();
            bench.Step(bench.Answer(MessageKind.AppendEntriesResponse, 2, from: 2, index: bench.Node.LastIndex.Value));
        }
        Assert.Equal(0, bench.Replica.Disk.Reads);
        bench.Node.ReportUnreachable(new ReplicaId(3));
        var index = 0UL;
        for (var i = 0; i < 100 && index < bench.Node.LastIndex.Value; i++)
        {
            foreach (var append in bench.Step(bench.Answer(MessageKind.AppendEntriesResponse, 2, from: 3, index: index)).Where(m => m.To == new ReplicaId(3) && m.Entries.Count > 0))
            {
                Assert.InRange(append.Entries.Sum(e => e.Size), 1, 500);
                index = Math.Max(index, append.Entries[^1].Index.Value);
            }
        }
        Assert.Equal(bench.Node.LastIndex.Value, index);
        Assert.True(bench.Replica.Disk.Reads > 0);
    }

    [Fact]
    public void Entries_leave_the_memory_when_every_follower_has_them()
    {
        var bench = Leader();
        for (var i = 0; i < 10; i++)
        {
            bench.Node.Propose(new byte[68], bench.Now);
            bench.Drain();
            bench.Step(bench.Answer(MessageKind.AppendEntriesResponse, 2, from: 2, index: bench.Node.LastIndex.Value));
        }
        bench.Step(bench.Answer(MessageKind.AppendEntriesResponse, 2, from: 3, index: 5));
        bench.Node.ReportUnreachable(new ReplicaId(3));
        Assert.Contains(bench.Step(bench.Answer(MessageKind.AppendEntriesResponse, 2, from: 3, index: 5)), m => m.To == new ReplicaId(3) && m.Entries is [{ Index.Value: 6 }, ..]);
        Assert.Equal(0, bench.Replica.Disk.Reads);

        bench.Step(bench.Answer(MessageKind.AppendEntriesResponse, 2, from: 3, index: bench.Node.LastIndex.Value));
        var added = bench.Node.ProposeConfigurationChange(new ConfigurationChange([new(ConfigurationChange.StepKind.AddLearner, new ReplicaId(4))]), bench.Now);
        Assert.Equal(ProposeStatus.Accepted, added.Status);
        bench.Drain();
        Assert.Contains(bench.Step(bench.Answer(MessageKind.AppendEntriesResponse, 2, from: 4, index: bench.Node.LastIndex.Value - 1, reject: true)), m => m.To == new ReplicaId(4) && m.Entries.Count > 0);
        Assert.True(bench.Replica.Disk.Reads > 0);
    }

    [Fact]
    public void Messages_for_others_from_nobody_or_malformed_are_ignored()
    {
        var bench = new Bench(term: 2, log: [1]);
        bench.Advance(500);
        Assert.Empty(bench.Step(new RaftMessage { Kind = MessageKind.Heartbeat, From = new(2), To = new(9), Term = new(9), Round = 1 }));
        Assert.Empty(bench.Step(new RaftMessage { Kind = MessageKind.Heartbeat, From = ReplicaId.None, To = new(1), Term = new(9), Round = 1 }));
        Assert.Empty(bench.Step(new RaftMessage { Kind = (MessageKind)77, From = new(2), To = new(1), Term = new(2) }));
        Assert.Equal(new Term(2), bench.Node.Term);
        var gap = new RaftMessage { Kind = MessageKind.AppendEntries, From = new(2), To = new(1), Term = new(2), Index = new(1), LogTerm = new(1), Entries = [new Entry(new(2), new(7), EntryKind.Normal, default)] };
        Assert.Empty(bench.Step(gap));
        Assert.Empty(bench.Step(bench.Append(term: 2, previous: 1, previousTerm: 1, terms: [9])));
        Assert.Equal(new LogIndex(1), bench.Node.LastIndex);
    }

    [Fact]
    public void A_leader_ignores_answers_of_replicas_that_are_no_members()
    {
        var bench = Leader();
        bench.Node.Propose(new byte[1], bench.Now);
        bench.Drain();
        bench.Step(bench.Answer(MessageKind.AppendEntriesResponse, 2, from: 9, index: 3));
        bench.Step(bench.Answer(MessageKind.AppendEntriesResponse, 2, from: 2, index: 99));
        Assert.Equal(new LogIndex(2), bench.Node.Commit);
    }

    [Fact]
    public void Two_leaders_of_one_term_stop_the_process()
    {
        var bench = new Bench(term: 2, log: [1]);
        bench.Step(bench.Heartbeat(term: 2, from: 2));
        Assert.Throws<InvariantViolationException>(() => bench.Step(bench.Heartbeat(term: 2, from: 3)));
    }

    [Fact]
    public void Truncating_what_is_committed_stops_the_process()
    {
        var bench = new Bench(term: 2, log: [1, 2]);
        bench.Step(bench.Append(term: 2, previous: 2, previousTerm: 2, commit: 2));
        Assert.Throws<InvariantViolationException>(() => bench.Node.Compact(new LogIndex(9)));
        var log = new RaftLog(bench.Replica.Options, new RaftStart
        {
            HardState = default, SnapshotIndex = default, SnapshotTerm = default, Configuration = Configuration.Empty, Applied = new LogIndex(2),
            Entries = bench.Replica.Disk.Entries, Log = bench.Replica.Disk,
        });
        Assert.Throws<InvariantViolationException>(() => log.TruncateFrom(new LogIndex(2)));
    }

    /// <summary>Simulation, seed 102: the WAL was stalled, the leader sent a snapshot of entries that the follower's log held but had not been given back to be applied.</summary>
    [Fact]
    public void A_snapshot_may_bring_the_host_further_than_what_was_given_out_to_be_applied()
    {
        var bench = new Bench(term: 1);
        bench.Node.Step(bench.Append(term: 1, previous: 0, previousTerm: 0, terms: [1, 1, 1]), bench.Now);
        var batch = bench.Node.TakeReady();
        bench.Node.Step(new RaftMessage { Kind = MessageKind.InstallSnapshot, From = new(2), To = new(1), Term = new(1), Index = new(2), LogTerm = new(1), Configuration = bench.Node.Configuration }, bench.Now);
        Assert.Null(bench.Node.TakeReady().InstalledSnapshot);
        bench.Node.Applied(new LogIndex(2), bench.Now);
        bench.Node.Persisted(batch.Entries[^1].Index, batch.Entries[^1].Term, bench.Now);
        bench.Node.Step(bench.Heartbeat(term: 1, commit: 3), bench.Now);
        Assert.Equal(new LogIndex(3), Assert.Single(bench.Node.TakeReady().Committed).Index);
        Assert.Throws<InvariantViolationException>(() => bench.Node.Applied(new LogIndex(4), bench.Now));
    }

    [Fact]
    public void Compaction_keeps_the_term_at_the_border_and_the_configuration()
    {
        var bench = Leader();
        bench.Step(bench.Answer(MessageKind.AppendEntriesResponse, 2, from: 3, index: 2));
        bench.Replica.Compact(new LogIndex(2));
        Assert.Equal((new LogIndex(3), new Term(2), Term.None), (bench.Node.FirstIndex, bench.Node.TermAt(new LogIndex(2)), bench.Node.TermAt(new LogIndex(1))));
        Assert.Equal(3, bench.Node.ConfigurationAt(new LogIndex(2)).Voters.Count);
        bench.Node.Propose(new byte[1], bench.Now);
        Assert.Equal(new LogIndex(2), bench.Drain().First(m => m.Kind == MessageKind.AppendEntries).Index);
    }

    [Fact]
    public void A_replica_that_starts_from_a_snapshot_takes_its_term()
    {
        var log = new MemoryLog();
        log.Reset(new LogIndex(40), new Term(7));
        var node = new RaftNode(new RaftOptions { Group = new(1), Self = new(4), Seed = 1 }, new RaftStart
        {
            HardState = default, SnapshotIndex = new(40), SnapshotTerm = new(7), Configuration = new Configuration([new(1)], learners: [new(4)]),
            Applied = new(40), Entries = [], Log = log,
        }, default);
        Assert.Equal((new Term(7), new LogIndex(40), new LogIndex(41)), (node.Term, node.Commit, node.FirstIndex));
        Assert.Equal(new HardState(new Term(7), ReplicaId.None), node.TakeReady().HardState);
    }

    [Fact]
    public void Options_that_contradict_each_other_are_named()
    {
        var error = Assert.Throws<ArgumentException>(() => new Bench(options: o => o with { HeartbeatInterval = TimeSpan.FromSeconds(1) }));
        Assert.Contains("ElectionTimeoutMin", error.Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => new Bench(options: o => o with { ClockDriftMax = 1 }));
        Assert.Throws<ArgumentException>(() => new Bench(options: o => o with { Self = ReplicaId.None }));
    }

    [Fact]
    public void The_same_inputs_give_the_same_outputs()
    {
        static string Run()
        {
            var bench = new Bench(seed: 42);
            List<string> sent = [];
            for (var i = 0; i < 400; i++) sent.AddRange(bench.Tick(7).Select(m => $"{i} {m.Kind} {m.To} {m.Term}"));
            return string.Join('\n', sent);
        }
        Assert.Equal(Run(), Run());
        Assert.NotEmpty(Run());
    }

    [Fact]
    public void A_paused_leader_gives_the_answers_in_its_inbox_time_before_it_steps_down()
    {
        var bench = Leader();
        bench.Tick(5000);
        Assert.Equal(RaftRole.Leader, bench.Node.Role);
        bench.Tick(100);
        bench.Tick(101);
        Assert.Equal(RaftRole.Follower, bench.Node.Role);
    }

    [Fact]
    public void A_single_voter_waits_for_a_slow_disk_instead_of_starting_over()
    {
        var bench = new Bench(voters: 1);
        bench.Node.Campaign(bench.Now);
        var state = bench.Node.TakeReady().HardState!.Value;
        for (var i = 0; i < 5; i++)
        {
            bench.Advance(1000);
            bench.Node.Tick(bench.Now);
        }
        bench.Node.HardStatePersisted(state);
        Assert.Equal((RaftRole.Leader, new Term(1)), (bench.Node.Role, bench.Node.Term));
    }

    [Fact]
    public void Persisted_and_wire_numbers_are_frozen()
    {
        Assert.Equal("Normal=1 TermStart=2 ConfigurationChange=3", Numbers<EntryKind>());
        Assert.Equal(
            "AppendEntries=1 AppendEntriesResponse=2 RequestVote=3 RequestVoteResponse=4 RequestPreVote=5 RequestPreVoteResponse=6 Heartbeat=7 HeartbeatResponse=8 "
            + "InstallSnapshot=9 TimeoutNow=10 ReadIndex=11 ReadIndexResponse=12", Numbers<MessageKind>());
        static string Numbers<T>() where T : struct, Enum => string.Join(' ', Enum.GetValues<T>().Select(v => $"{v}={Convert.ToByte(v)}"));
    }

    private static Bench Leader(Func<RaftOptions, RaftOptions>? options = null)
    {
        var bench = new Bench(term: 1, log: [1], options: options);
        bench.Become(RaftRole.Leader);
        foreach (var from in new ulong[] { 2, 3 }) bench.Step(bench.Answer(MessageKind.AppendEntriesResponse, 2, from, index: 2));
        Assert.Equal(new LogIndex(2), bench.Node.Commit);
        return bench;
    }
}
