using KvStore.Client.Internal.Recipes;

namespace KvStore.Client.Tests.Recipes;

/// <summary>Ids of one worker: only of reserved times, each once, growing.</summary>
public sealed class IdClockTests
{
    [Fact]
    public void Nothing_is_given_before_something_is_reserved_nor_beyond_it()
    {
        var clock = new IdClock();
        Assert.False(clock.TryNext(100, out _));
        clock.Reserve(worker: 5, start: 100, end: 110);
        Assert.True(clock.TryNext(109, out var id));
        Assert.Equal((109, 5), (Time(id), Worker(id)));
        Assert.False(clock.TryNext(110, out _));
    }

    [Fact]
    public void A_clock_that_goes_back_or_is_behind_what_is_reserved_gives_growing_ids()
    {
        var clock = new IdClock();
        clock.Reserve(1, 1000, 2000);
        var last = 0L;
        foreach (var now in (long[])[5, 1500, 1200, 1500, 0, 1999, 3])
        {
            Assert.True(clock.TryNext(now, out var id));
            Assert.True(id > last);
            Assert.InRange(Time(id), 1000, 1999);
            last = id;
        }
    }

    [Fact]
    public void A_millisecond_whose_counter_is_used_up_borrows_the_next_until_the_reserved_ones_are_gone()
    {
        var clock = new IdClock();
        clock.Reserve(1, 0, 3);
        var ids = new List<long>();
        while (clock.TryNext(0, out var id)) ids.Add(id);
        Assert.Equal(3 * 4096, ids.Distinct().Count());
        Assert.Equal(ids.Order(), ids);
        clock.Reserve(1, 3, 4);
        Assert.True(clock.TryNext(0, out var next));
        Assert.True(next > ids[^1]);
    }

    [Theory]
    [InlineData(1, 2)]
    [InlineData(2, 1)]
    public void Another_number_goes_on_behind_the_last_time_and_uses_nothing_of_the_old_one(int old, int other)
    {
        var clock = new IdClock();
        clock.Reserve(old, 50, 100);
        Assert.True(clock.TryNext(70, out var first));
        clock.Reserve(other, 0, 0);
        Assert.False(clock.TryNext(70, out _));
        clock.Reserve(other, 10, 100);
        Assert.True(clock.TryNext(20, out var second));
        Assert.True(second > first);
        Assert.Equal((71, other), (Time(second), Worker(second)));
    }

    [Fact]
    public void The_parts_of_an_id_do_not_touch_each_other()
    {
        var clock = new IdClock();
        clock.Reserve(1023, IdClock.MillisecondsEnd - 1, IdClock.MillisecondsEnd);
        long id = 0;
        for (var i = 0; i < 4096; i++) Assert.True(clock.TryNext(0, out id));
        Assert.Equal(long.MaxValue, id);
        Assert.False(clock.TryNext(0, out _));
    }

    private static long Time(long id) => id >> 22;

    private static int Worker(long id) => (int)(id >> 12) & 1023;
}
