using KvStore.Node.StateMachine;
using KvStore.Node.Time;
using KvStore.Raft;

namespace KvStore.Node.Tests.Time;

public class GroupClockTests
{
    private static readonly MonotonicTime Zero = new(1_000_000_000_000);

    private static Entry At(ulong index, ulong time)
    {
        var writer = new EntryPayloadWriter();
        writer.Begin(time);
        return new Entry(new Term(1), new LogIndex(index), EntryKind.Normal, writer.Finish());
    }

    [Fact]
    public void Time_goes_on_from_the_newest_entry_by_the_own_clock()
    {
        var clock = new GroupClock(0, Zero);
        clock.Observe([At(1, 5_000_000), At(2, 7_000_000), new Entry(new Term(2), new LogIndex(3), EntryKind.TermStart, default)], Zero);
        Assert.Equal(7_000_000UL, clock.At(Zero));
        Assert.Equal(7_500_000UL, clock.At(Zero + TimeSpan.FromMilliseconds(500)));
    }

    [Fact]
    public void A_node_that_starts_again_counts_nothing_for_the_time_in_which_it_was_down()
    {
        var clock = new GroupClock(3_000_000, Zero + TimeSpan.FromHours(1));
        Assert.Equal(3_000_000UL, clock.At(Zero + TimeSpan.FromHours(1)));
    }

    [Fact]
    public void An_entry_that_is_sent_again_does_not_set_the_clock_back_behind_what_its_leader_said()
    {
        var clock = new GroupClock(0, Zero);
        clock.Set(9_000_000, Zero);
        clock.Observe([At(1, 5_000_000)], Zero + TimeSpan.FromSeconds(1));
        Assert.Equal(10_000_000UL, clock.At(Zero + TimeSpan.FromSeconds(1)));
    }

    [Fact]
    public void A_leader_sets_the_clock_of_a_follower_that_went_ahead_back()
    {
        var clock = new GroupClock(0, Zero);
        clock.Set(1_000_000, Zero + TimeSpan.FromSeconds(2));
        Assert.Equal(1_000_000UL, clock.At(Zero + TimeSpan.FromSeconds(2)));
    }

    [Fact]
    public void Time_never_goes_back() => Assert.Equal(9UL, new GroupClock(9, Zero).At(new MonotonicTime(0)));
}
