using KvStore.Client;
using KvStore.Client.Recipes;
using KvStore.Client.Tests.Fakes;

namespace KvStore.Server.Tests.EndToEnd.Recipes;

/// <summary>A semaphore whose holders come from two clients, lose their leases and die.</summary>
[Collection(RecipeNode.Name)]
public sealed class SemaphoreTests(SingleNode node)
{
    [Fact]
    public async Task There_are_never_more_holders_than_permits()
    {
        await using var one = await node.ConnectAsync();
        await using var two = await node.ConnectAsync();
        var (inside, most, sections) = (0, 0, 0);
        await Task.WhenAll(Enumerable.Range(0, 6).Select(async worker =>
        {
            var semaphore = new KvSemaphore(worker % 2 == 0 ? one : two, "busy", 2);
            for (var i = 0; i < 3; i++)
            {
                await using var permit = await semaphore.AcquireAsync(RecipeNode.Long);
                var now = Interlocked.Increment(ref inside);
                lock (this) most = Math.Max(most, now);
                await one.IncrementAsync("busy/count", 1, new KvWriteOptions { Fence = permit.Fence });
                sections = Interlocked.Increment(ref sections);
                Interlocked.Decrement(ref inside);
            }
        })).WaitAsync(RecipeNode.Patience);
        Assert.InRange(most, 1, 2);
        Assert.Equal("18", (await one.GetAsync("busy/count"))!.Value.ValueText);
        Assert.Equal(0, await new KvSemaphore(one, "busy", 2).CountHeldAsync());
    }

    [Fact]
    public async Task A_permit_whose_lease_was_lost_goes_to_who_waits_and_its_fence_is_refused()
    {
        var clock = new ClientClock();
        await using var one = await node.ConnectAsync(clock);
        await using var two = await node.ConnectAsync();
        var first = await new KvSemaphore(one, "lost", 2).AcquireAsync(RecipeNode.Long);
        await using var second = await new KvSemaphore(one, "lost", 2).AcquireAsync(RecipeNode.Long);
        Assert.Null(await new KvSemaphore(two, "lost", 2).TryAcquireAsync());
        var waiting = new KvSemaphore(two, "lost", 2).AcquireAsync();
        await RecipeNode.RevokeAsync(one, first.Name);
        await using var next = await waiting.WaitAsync(RecipeNode.Patience);
        Assert.Equal(first.Name, next.Name);
        clock.Advance(RecipeNode.LongRenewedAfter);
        await Patiently.FiredAsync(first.Lost);
        await Assert.ThrowsAsync<KvFencedException>(async () => await one.PutAsync("lost/a", "old", new KvWriteOptions { Fence = first.Fence }));
        await one.PutAsync("lost/a", "second", new KvWriteOptions { Fence = second.Fence });
        await two.PutAsync("lost/a", "next", new KvWriteOptions { Fence = next.Fence });
    }

    [Fact]
    public async Task Permits_of_a_client_that_has_gone_come_back_and_stay_over_a_restart_of_the_node()
    {
        await using var two = await node.ConnectAsync();
        var semaphore = new KvSemaphore(two, "gone", 2);
        var one = await node.ConnectAsync();
        await new KvSemaphore(one, "gone", 2).AcquireAsync(RecipeNode.Short);
        await using var kept = await semaphore.AcquireAsync(RecipeNode.Long);
        await one.DisposeAsync();
        await using var next = await semaphore.AcquireAsync(RecipeNode.Long).WaitAsync(RecipeNode.Patience);
        await RecipeNode.RestartAsync(node);
        Assert.Equal(2, await semaphore.CountHeldAsync());
        Assert.Null(await semaphore.TryAcquireAsync());
        await two.PutAsync("gone/a", "v", new KvWriteOptions { Fence = kept.Fence });
    }

    [Fact]
    public async Task A_wait_ends_when_it_is_over_or_cancelled_and_leaves_nothing_behind()
    {
        await using var client = await node.ConnectAsync();
        var semaphore = new KvSemaphore(client, "wait", 2);
        await using (await semaphore.AcquireAsync(RecipeNode.Long))
        await using (await semaphore.AcquireAsync(RecipeNode.Long))
        {
            await Assert.ThrowsAsync<KvTimeoutException>(() => semaphore.AcquireAsync(RecipeNode.Short with { Wait = TimeSpan.FromMilliseconds(50) }));
            using var cancelled = new CancellationTokenSource();
            var waiting = semaphore.AcquireAsync(cancellationToken: cancelled.Token);
            await cancelled.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
            Assert.Equal(2, await semaphore.CountHeldAsync());
        }
        Assert.Equal(0, await semaphore.CountHeldAsync());
    }

    [Theory]
    [InlineData("a/b", 1)]
    [InlineData("", 1)]
    [InlineData("a", 0)]
    [InlineData("a", 101)]
    public async Task Bad_input_is_refused(string name, int permits)
    {
        await using var client = await node.ConnectAsync();
        Assert.Throws<KvInvalidArgumentException>(() => new KvSemaphore(client, name, permits));
    }
}
