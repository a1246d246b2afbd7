using KvStore.Client;
using KvStore.Client.Recipes;

namespace KvStore.Server.Tests.EndToEnd.Recipes;

/// <summary>A limiter that two clients share, whose windows end and which outlasts a restart.</summary>
[Collection(RecipeNode.Name)]
public sealed class RateLimiterTests(SingleNode node)
{
    private static readonly TimeSpan LongWindow = TimeSpan.FromHours(1);

    [Fact]
    public async Task Two_clients_are_granted_no_more_than_the_permits_of_a_window_also_over_a_restart()
    {
        await using var one = await node.ConnectAsync();
        await using var two = await node.ConnectAsync();
        KvRateLimiter[] limiters = [new(one, "two", 10, LongWindow), new(two, "two", 10, LongWindow), new(two, "two", 10, LongWindow)];
        var before = await Task.WhenAll(Enumerable.Range(0, 7).Select(i => limiters[i % 3].TryAcquireAsync()));
        Assert.All(before, limit => Assert.True(limit.Granted));
        Assert.Equal([3, 4, 5, 6, 7, 8, 9], before.Select(limit => limit.Left).Order());
        await RecipeNode.RestartAsync(node);
        var after = await Task.WhenAll(Enumerable.Range(0, 9).Select(i => limiters[i % 3].TryAcquireAsync()));
        Assert.Equal(3, after.Count(limit => limit.Granted));
        Assert.All(after.Where(limit => !limit.Granted), limit => Assert.InRange(limit.RetryAfter, TimeSpan.FromMinutes(30), LongWindow));
    }

    [Fact]
    public async Task The_next_window_begins_when_the_last_is_over_and_somebody_asks()
    {
        await using var one = await node.ConnectAsync();
        await using var two = await node.ConnectAsync();
        KvRateLimiter[] limiters = [new(one, "next", 2, LongWindow), new(two, "next", 2, LongWindow)];
        var window = default(KvLeaseId);
        for (var round = 0; round < 3; round++)
        {
            var limits = await Task.WhenAll(Enumerable.Range(0, 6).Select(i => limiters[i % 2].TryAcquireAsync()));
            Assert.Equal(2, limits.Count(limit => limit.Granted));
            var now = new KvLeaseId(ulong.Parse((await one.GetAsync("limits/next"))!.Value.ValueText.Split(' ')[0], System.Globalization.NumberStyles.HexNumber));
            Assert.NotEqual(window, now);
            await one.Leases.RevokeAsync(window = now);
        }
    }

    [Fact]
    public async Task Who_waits_gets_permits_of_the_next_window()
    {
        await using var client = await node.ConnectAsync();
        var limiter = new KvRateLimiter(client, "wait", 3, TimeSpan.FromSeconds(1));
        Assert.Equal(0, (await limiter.TryAcquireAsync(3)).Left);
        await limiter.AcquireAsync(2).WaitAsync(RecipeNode.Patience);
        using var cancelled = new CancellationTokenSource();
        var never = new KvRateLimiter(client, "never", 1, LongWindow);
        await never.AcquireAsync();
        var waiting = never.AcquireAsync(cancellationToken: cancelled.Token);
        await cancelled.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
    }

    [Fact]
    public async Task What_is_not_from_this_recipe_and_bad_input_are_refused()
    {
        await using var client = await node.ConnectAsync();
        var limiter = new KvRateLimiter(client, "broken", 3, LongWindow);
        await client.PutAsync("limits/broken", "rubbish");
        await Assert.ThrowsAsync<KvPreconditionFailedException>(() => limiter.TryAcquireAsync());
        await client.DeleteAsync("limits/broken");
        Assert.True((await limiter.TryAcquireAsync()).Granted);
        await Assert.ThrowsAsync<KvInvalidArgumentException>(() => limiter.TryAcquireAsync(0));
        await Assert.ThrowsAsync<KvInvalidArgumentException>(() => limiter.TryAcquireAsync(4));
        Assert.Throws<KvInvalidArgumentException>(() => new KvRateLimiter(client, "a", 0, LongWindow));
        Assert.Throws<KvInvalidArgumentException>(() => new KvRateLimiter(client, "a", 1, TimeSpan.FromMilliseconds(999)));
    }
}
