using KvStore.Node.Time;
using KvStore.Raft;
using KvStore.Server.Hosting;

namespace KvStore.Server.Tests.Hosting;

public sealed class SkewedTimeSourceTests
{
    private readonly Clock _machine = new() { Now = new MonotonicTime(7_000) };

    [Fact]
    public void A_fast_clock_gains_what_its_rate_says()
    {
        var skewed = new SkewedTimeSource(_machine, TimeSpan.FromSeconds(3), 25_000, TimeSpan.Zero);
        var before = skewed.Now;
        _machine.Now = new MonotonicTime(7_000 + 2_000_000_000);
        Assert.Equal(2_050_000_000, skewed.Now.Nanoseconds - before.Nanoseconds);
        Assert.Equal(7_000 + 3_000_000_000, before.Nanoseconds);
    }

    [Fact]
    public void A_strobing_clock_loses_what_it_gained_and_never_goes_back()
    {
        var skewed = new SkewedTimeSource(_machine, TimeSpan.Zero, 500_000, TimeSpan.FromSeconds(1));
        var before = skewed.Now;
        var start = before.Nanoseconds;
        for (var milliseconds = 50; milliseconds <= 4_000; milliseconds += 50)
        {
            _machine.Now = new MonotonicTime(7_000 + milliseconds * 1_000_000L);
            Assert.True(skewed.Now > before);
            before = skewed.Now;
            if (milliseconds % 2_000 == 1_000) Assert.Equal(start + milliseconds * 1_000_000L + 500_000_000, before.Nanoseconds);
            if (milliseconds % 2_000 == 0) Assert.Equal(start + milliseconds * 1_000_000L, before.Nanoseconds);
        }
    }

    private sealed class Clock : ITimeSource
    {
        public MonotonicTime Now { get; set; }
    }
}
