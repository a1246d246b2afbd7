using KvStore.Jepsen.Network;

namespace KvStore.Jepsen.Tests.Network;

public sealed class LinkTests
{
    [Fact]
    public async Task A_cut_link_lets_nothing_pass_until_it_is_good_again()
    {
        var link = new Link { Condition = LinkCondition.Cut };
        var passing = link.PassAsync(10, CancellationToken.None);
        Assert.False(passing.IsCompleted);
        link.Condition = LinkCondition.Good;
        await passing;
    }

    [Fact]
    public async Task A_slow_link_that_is_cut_meanwhile_lets_nothing_pass()
    {
        var link = new Link { Condition = LinkCondition.Slow(TimeSpan.FromDays(1), 0) };
        var passing = link.PassAsync(10, CancellationToken.None);
        link.Condition = LinkCondition.Cut;
        Assert.False(passing.IsCompleted);
        link.Condition = LinkCondition.Good;
        await passing;
    }

    [Fact]
    public async Task Whoever_waits_at_a_cut_link_can_give_up()
    {
        using var stop = new CancellationTokenSource();
        var passing = new Link { Condition = LinkCondition.Cut }.PassAsync(10, stop.Token);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await passing);
    }
}
