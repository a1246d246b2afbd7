using KvStore.Raft;
using KvStore.Simulation.World;

namespace KvStore.Simulation.Tests.World;

public class VirtualClockTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Events_happen_in_order_of_time_and_at_one_time_in_the_order_in_which_they_were_asked_for(ulong seed)
    {
        var (clock, random) = (new VirtualClock(), new VirtualRandom(seed));
        List<(long Time, int Number)> asked = [], happened = [];
        for (var number = 0; number < 300; number++) Ask(number, more: 3);
        while (clock.NextEvent is { } next)
        {
            clock.Advance(next);
            while (clock.RunDue())
            {
            }
        }
        Assert.Equal(1200, happened.Count);
        Assert.Equal(asked.Order(), happened);

        void Ask(int number, int more)
        {
            var time = clock.Now + TimeSpan.FromMicroseconds(1 + random.Next(50));
            asked.Add((time.Nanoseconds, asked.Count));
            var mine = asked[^1];
            clock.At(time, () =>
            {
                happened.Add(mine);
                if (more > 0) Ask(number, more - 1);
            });
        }
    }

    [Fact]
    public void What_is_due_later_does_not_happen_now()
    {
        var clock = new VirtualClock();
        var happened = false;
        clock.After(TimeSpan.FromMilliseconds(1), () => happened = true);
        Assert.False(clock.RunDue());
        clock.Advance(clock.Now + TimeSpan.FromMilliseconds(1));
        Assert.True(clock.RunDue() && happened);
        Assert.Null(clock.NextEvent);
    }

    [Theory]
    [InlineData(950_000)]
    [InlineData(999_999)]
    [InlineData(1_000_000)]
    [InlineData(1_049_991)]
    [InlineData(2_000_000)]
    public void A_clock_of_another_rate_is_exact_for_a_year(long rate)
    {
        var (clock, random) = (new VirtualClock(), new VirtualRandom((ulong)rate));
        var node = new NodeClock(clock);
        node.SetRate(rate);
        var begin = clock.Now.Nanoseconds;
        for (var day = 1; day <= 365; day++)
        {
            clock.Advance(new MonotonicTime(begin + day * 86_400_000_000_000L + random.Next(1_000_000_000)));
            Assert.Equal(begin + (long)((Int128)(clock.Now.Nanoseconds - begin) * rate / 1_000_000), node.Now.Nanoseconds);
            Assert.InRange(node.TrueTimeOf(node.Now).Nanoseconds, clock.Now.Nanoseconds, clock.Now.Nanoseconds + 3);
        }
    }
}
