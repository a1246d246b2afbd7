using FsCheck;
using FsCheck.Fluent;
using KvStore.Node.StateMachine;
using KvStore.Raft;

namespace KvStore.Node.Tests.StateMachine;

/// <summary>A replica that crashed and came back from its checkpoint and the log is in every respect the replica that never stopped.</summary>
public sealed class RecoveryTests
{
    private const int Entries = 150;

    [Fact]
    public void Checkpoints_and_crashes_at_any_place_change_nothing() =>
        Prop.ForAll(Gen.Choose(0, int.MaxValue - 1).ToArbitrary(), StaysTheSame).Check(Config.QuickThrowOnFailure.WithMaxTest(60));

    [Fact]
    public void The_random_logs_do_reach_every_kind_of_effect()
    {
        var results = new List<CommandResult>();
        using var group = new GroupHarness();
        var entries = new RandomEntries(1);
        ulong sessionsEnded = 0;
        for (var i = 0; i < 20 * Entries; i++)
        {
            var before = group.Machine.Sessions;
            group.Apply(entries.Next(group.Machine.Applied.Next), results);
            if (group.Machine.Sessions < before) sessionsEnded++;
        }
        Assert.Equal(
            [CommandStatus.Ok, CommandStatus.Mismatch, CommandStatus.EpochNotMatch, CommandStatus.SessionExpired, CommandStatus.NotANumber, CommandStatus.InvalidArgument],
            results.Select(r => r.Status).Distinct().Order());
        Assert.InRange(sessionsEnded, 10UL, 10_000UL);
        Assert.True(group.Store.CompactRevision.Value > 0);
        Assert.True(group.Machine.Sessions > 0);
    }

    [Fact]
    public void A_replica_that_answers_nobody_has_the_same_hash()
    {
        using var leader = new GroupHarness();
        using var follower = new GroupHarness();
        var entries = new RandomEntries(2);
        for (var i = 0; i < Entries; i++)
        {
            var entry = entries.Next(leader.Machine.Applied.Next);
            leader.Apply(entry, []);
            follower.Apply(entry);
            Assert.Equal(leader.Machine.Hash, follower.Machine.Hash);
        }
    }

    [Fact]
    public void Configuration_time_and_term_come_back()
    {
        using var group = GroupHarness.WithRange(out _);
        group.Time = 77;
        group.Apply(GroupHarness.Put("k", "v"));
        group.Machine.Configuration = new Configuration([new ReplicaId(1), new ReplicaId(4)], [new ReplicaId(1), new ReplicaId(2)], [new ReplicaId(9)], [new ReplicaId(2)], autoLeave: true);
        group.Checkpoint();
        group.CrashAndRecover();
        var configuration = group.Machine.Configuration;
        Assert.Equal([1UL, 4UL], configuration.Voters.Select(r => r.Value));
        Assert.Equal([1UL, 2UL], configuration.Outgoing.Select(r => r.Value));
        Assert.Equal([9UL], configuration.Learners.Select(r => r.Value));
        Assert.Equal([2UL], configuration.LearnersNext.Select(r => r.Value));
        Assert.True(configuration.AutoLeave);
        Assert.Equal((77UL, new Term(1)), (group.Machine.GroupTimeMicroseconds, group.Machine.AppliedTerm));
    }

    [Fact]
    public void A_range_without_a_record_comes_back()
    {
        using var group = GroupHarness.WithRange(out _);
        var stay = group.Store.Stay;
        group.Checkpoint();
        group.CrashAndRecover();
        Assert.Equal(stay, group.Store.Stay);
        Assert.Equal(new CommandResult(CommandStatus.Ok, new Storage.Engine.Revision(1)), group.Apply(GroupHarness.Put("k", "v")));
    }

    [Fact]
    public void A_retry_after_a_restart_is_answered_from_the_checkpoint()
    {
        using var group = GroupHarness.WithRange(out var session);
        var swap = group.Apply(session, 1, GroupHarness.Swap("k", "x", "y"));
        var increment = group.Apply(session, 2, GroupHarness.Increment("c", 5));
        group.Apply(GroupHarness.Put("k", "x"));
        group.Checkpoint();
        group.CrashAndRecover();
        Assert.Equal(swap, group.Apply(session, 1, GroupHarness.Swap("k", "x", "y")));
        Assert.Equal(increment, group.Apply(session, 2, GroupHarness.Increment("c", 5)));
        Assert.Equal("5", group.Get("c"));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void A_counter_counts_each_sequence_once_however_often_it_is_tried_again(int seed)
    {
        var random = new Random(seed);
        using var group = GroupHarness.WithRange(out var session);
        var answered = new SortedDictionary<ulong, CommandResult>();
        ulong lowest = 1;
        for (var step = 0; step < 400; step++)
        {
            var sequence = lowest + (ulong)random.Next(12);
            var result = group.Apply(session, sequence, GroupHarness.Increment("c", 1), lowest);
            Assert.Equal(CommandStatus.Ok, result.Status);
            if (!answered.TryAdd(sequence, result)) Assert.Equal(answered[sequence], result);
            Assert.Equal(answered.Count.ToString(), group.Get("c"));
            while (random.Next(3) == 0 && answered.ContainsKey(lowest)) lowest++;
            if (random.Next(30) == 0) group.Checkpoint();
            if (random.Next(30) == 0) group.CrashAndRecover();
        }
        Assert.Equal(answered.Count, answered.Values.Select(r => r.Number).Distinct().Count());
        Assert.InRange(answered.Count, 20, 399);
    }

    private static void StaysTheSame(int seed)
    {
        var random = new Random(seed);
        var entries = new RandomEntries(seed);
        using var steady = new GroupHarness();
        using var crashing = new GroupHarness();
        for (var i = 0; i < Entries; i++)
        {
            var entry = entries.Next(steady.Machine.Applied.Next);
            steady.Apply(entry);
            crashing.Apply(entry);
            if (random.Next(10) == 0) crashing.Checkpoint();
            if (random.Next(20) == 0) crashing.CrashAndRecover();
            Assert.Equal((steady.Machine.Applied, steady.Machine.Hash), (crashing.Machine.Applied, crashing.Machine.Hash));
        }
        crashing.CrashAndRecover();
        Assert.Equal(steady.Machine.CaptureState(), crashing.Machine.CaptureState());
        if (steady.Machine.Owned.Find(new RangeId(GroupHarness.RangeNumber)) is not null) Assert.Equal(steady.Content(), crashing.Content());
    }
}
