using KvStore.Node.Watches;
using KvStore.Raft;
using KvStore.Storage.Engine;

namespace KvStore.Node.Tests.Watches;

public class WatchHubTests
{
    [Fact]
    public void From_now_means_what_is_written_after_the_call()
    {
        using var harness = new HubHarness();
        harness.WriteAndPublish(("a", "before"));
        var watch = harness.Open("a");
        harness.WriteAndPublish(("a", "after"));
        harness.Drain();
        Assert.Equal([new Write(2, "a", "after", null)], watch.Told);
    }

    [Fact]
    public void A_revision_is_told_whole_and_only_when_it_is_published()
    {
        using var harness = new HubHarness();
        var watch = harness.Open("a");
        harness.Write([.. Enumerable.Range(0, 300).Select(i => ($"b{i}", (string?)$"{i}"))]);
        harness.Drain();
        Assert.Empty(watch.Told);
        harness.Publish();
        harness.RunUntilQuiet();
        Assert.True(watch.Watch.TryTake(out var batch));
        Assert.Equal(300, batch.Events.Count);
        Assert.All(batch.Events, happened => Assert.Equal(1ul, happened.Revision.Value));
    }

    [Fact]
    public void Previous_values_are_those_before_the_revision_also_when_they_were_compacted_meanwhile()
    {
        using var harness = new HubHarness();
        harness.WriteAndPublish(("a", "1"));
        var watch = harness.Open("a", previous: WatchPrevious.Included);
        harness.WriteAndPublish(("a", "2"));
        harness.WriteAndPublish(("a", null));
        harness.WriteAndPublish(("a", "3"));
        harness.Store.Compact(new Revision(4));
        harness.Drain();
        Assert.Equal([new Write(2, "a", "2", "1"), new Write(3, "a", null, "2"), new Write(4, "a", "3", null)], watch.Told);
    }

    [Fact]
    public void A_slow_consumer_is_left_behind_and_the_others_are_not()
    {
        using var harness = new HubHarness(queueBytes: 1000);
        var slow = harness.Open("a");
        var quick = harness.Open("a");
        for (var i = 0; i < 500; i++)
        {
            harness.WriteAndPublish(("a", $"{i}"));
            harness.RunUntilQuiet();
            quick.Take(int.MaxValue);
            Assert.Equal(i + 1, quick.Told.Count);
        }
        Assert.Empty(slow.Told);
        slow.Take(int.MaxValue);
        Assert.InRange(slow.Told.Count, 1, 50);
        harness.Drain();
        Assert.Equal(slow.Expected(harness.History), slow.Told);
    }

    [Fact]
    public void Who_is_left_behind_in_the_middle_of_a_long_backlog_misses_nothing()
    {
        using var harness = new HubHarness(queueBytes: 1000);
        var slow = harness.Open("a");
        // Its queue is full with the last of them, which it finds out with the next.
        for (var i = 0; i < 11; i++)
        {
            harness.WriteAndPublish(("a", $"{i}"));
            harness.RunUntilQuiet();
        }
        for (var i = 0; i < 1000; i++) harness.Write(("a", $"{i}"));
        harness.Publish();
        harness.Drain();
        Assert.Equal(slow.Expected(harness.History), slow.Told);
    }

    [Fact]
    public void What_a_slow_consumer_misses_is_kept_for_a_minute_and_then_compacted()
    {
        using var harness = new HubHarness(queueBytes: 1000);
        var patient = harness.Open("a");
        var late = harness.Open("a");
        for (var i = 0; i < 100; i++) harness.WriteAndPublish(("a", $"{i}"));
        harness.RunUntilQuiet();
        for (var i = 0; i < 100; i++) harness.WriteAndPublish(("a", $"{i}"));
        harness.RunUntilQuiet();
        harness.Store.Compact(harness.Store.Revision);
        Assert.True(patient.Take(int.MaxValue) > 0);
        harness.RunUntilQuiet();
        while (patient.Take(int.MaxValue) > 0) harness.RunUntilQuiet();
        Assert.Equal(patient.Expected(harness.History), patient.Told);
        harness.Now += TimeSpan.FromSeconds(61);
        harness.Drain();
        Assert.Equal(NodeErrorCode.Compacted, late.End!.Code);
        Assert.Equal(harness.Store.Revision, late.End.CompactRevision);
        Assert.Equal(late.Expected(harness.History, late.Position), late.Told);
        Assert.Equal(1, harness.Hub.Count);
    }

    [Fact]
    public void A_watch_begins_behind_the_compaction_revision_or_not_at_all()
    {
        using var harness = new HubHarness();
        for (var i = 0; i < 10; i++) harness.WriteAndPublish(("a", i % 2 == 0 ? $"{i}" : null));
        harness.Store.Compact(new Revision(6));
        var refused = Assert.Throws<NodeException>(() => harness.Open("a", from: 6)).Error;
        Assert.Equal((NodeErrorCode.Compacted, (ulong?)6), (refused.Code, refused.CompactRevision?.Value));
        var watch = harness.Open("a", from: 7);
        harness.Drain();
        Assert.Equal([7ul, 8, 9, 10], watch.Told.Select(write => write.Revision));
    }

    [Fact]
    public void A_future_revision_is_an_error_and_the_next_one_is_not()
    {
        using var harness = new HubHarness();
        harness.WriteAndPublish(("a", "1"));
        Assert.Equal(NodeErrorCode.FutureRevision, Assert.Throws<NodeException>(() => harness.Open("a", from: 3)).Error.Code);
        var next = harness.Open("a", from: 2);
        harness.WriteAndPublish(("a", "2"));
        harness.Drain();
        Assert.Equal([2ul], next.Told.Select(write => write.Revision));
    }

    [Fact]
    public void A_quiet_watch_tells_how_far_it_is()
    {
        using var harness = new HubHarness();
        var watch = harness.OpenKey("a");
        harness.WriteAndPublish(("b", "1"));
        harness.RunUntilQuiet();
        harness.Now += TimeSpan.FromSeconds(5);
        harness.Drain();
        Assert.Equal((1, 1ul), (watch.Bookmarks, watch.Position));
    }

    [Fact]
    public void Progress_comes_behind_the_events_that_it_covers()
    {
        using var harness = new HubHarness(queueBytes: 300);
        var watch = harness.Open("a");
        for (var i = 0; i < 50; i++) harness.WriteAndPublish(("a", $"{i}"));
        harness.Hub.WantProgress(watch.Watch, new Revision(50));
        harness.RunUntilQuiet();
        watch.Take(1);
        Assert.Equal(0, watch.Bookmarks);
        harness.Drain();
        Assert.Equal((1, 50ul, 50), (watch.Bookmarks, watch.Position, watch.Told.Count));
    }

    [Fact]
    public void A_replica_without_a_leader_ends_its_watches_after_a_while()
    {
        using var harness = new HubHarness();
        var watch = harness.Open("a");
        harness.RunUntilQuiet();
        harness.Replica.View = harness.Replica.View with { Leader = NodeId.None };
        harness.RunUntilQuiet();
        harness.Now += TimeSpan.FromSeconds(4);
        harness.Drain();
        Assert.Null(watch.End);
        harness.Now += TimeSpan.FromSeconds(2);
        harness.Drain();
        Assert.Equal(NodeErrorCode.Unavailable, watch.End!.Code);
    }

    [Fact]
    public void A_cancelled_watch_holds_nothing()
    {
        using var harness = new HubHarness();
        var watch = harness.Open("a");
        harness.WriteAndPublish(("a", "1"));
        harness.RunUntilQuiet();
        watch.Cancel();
        harness.RunUntilQuiet();
        Assert.Equal(0, harness.Hub.Count);
        Assert.Null(harness.Replica.Watching);
        Assert.False(watch.Watch.TryTake(out _));
    }

    [Fact]
    public void More_watches_than_the_limit_are_refused()
    {
        using var harness = new HubHarness();
        for (var i = 0; i < 100; i++) harness.Open("a");
        Assert.Equal(NodeErrorCode.ResourceExhausted, Assert.Throws<NodeException>(() => harness.Open("a")).Error.Code);
        harness.Watches[0].Cancel();
        harness.RunUntilQuiet();
        harness.Open("a");
    }
}
