using KvStore.Node.Workers;

namespace KvStore.Node.Tests.Workers;

public class InboxTests
{
    private sealed class Counter : IWakeup
    {
        public int Wakes { get; private set; }
        public void Wake() => Wakes++;
    }

    [Fact]
    public void Posts_come_out_in_order_and_cost_one_wakeup_until_they_are_drained()
    {
        var counter = new Counter();
        var inbox = new Inbox<int>(counter);
        inbox.Post(1);
        inbox.Post(2);
        Assert.Equal(1, counter.Wakes);
        Assert.Equal([1, 2], inbox.Drain());
        inbox.Post(3);
        Assert.Equal(2, counter.Wakes);
        Assert.Equal([3], inbox.Drain());
        Assert.Empty(inbox.Drain());
    }

    [Fact]
    public void A_quiet_post_does_not_keep_the_next_one_from_waking()
    {
        var counter = new Counter();
        var inbox = new Inbox<int>(counter);
        inbox.PostWithoutWaking(1);
        Assert.Equal(0, counter.Wakes);
        inbox.Post(2);
        Assert.Equal(1, counter.Wakes);
        Assert.Equal([1, 2], inbox.Drain());
    }
}
