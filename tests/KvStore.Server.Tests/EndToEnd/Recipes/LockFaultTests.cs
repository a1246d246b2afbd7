using KvStore.Client;
using KvStore.Client.Elections;

namespace KvStore.Server.Tests.EndToEnd.Recipes;

/// <summary>Locks and leadership of clients that go away, over restarts of the node.</summary>
[Collection(RecipeNode.Name)]
public sealed class LockFaultTests(SingleNode node)
{
    [Fact]
    public async Task A_lock_of_a_client_that_has_gone_goes_on_to_the_next_and_the_old_fence_is_refused()
    {
        await using var second = await node.ConnectAsync();
        var first = await node.ConnectAsync();
        var held = await first.Locks.AcquireAsync("gone", RecipeNode.Short);
        var waiting = second.Locks.AcquireAsync("gone");
        await first.DisposeAsync();
        await using var next = await waiting.WaitAsync(RecipeNode.Patience);
        await Patiently.FiredAsync(held.Lost);
        await Assert.ThrowsAsync<KvFencedException>(async () => await second.PutAsync("gone/a", "old", new KvWriteOptions { Fence = held.Fence }));
        await second.PutAsync("gone/a", "new", new KvWriteOptions { Fence = next.Fence });
    }

    [Fact]
    public async Task A_lock_stays_with_its_holder_over_a_restart_and_goes_to_who_waited_then()
    {
        await using var first = await node.ConnectAsync();
        await using var second = await node.ConnectAsync();
        var held = await first.Locks.AcquireAsync("kept", RecipeNode.Long);
        var waiting = second.Locks.AcquireAsync("kept", RecipeNode.Long);
        await RecipeNode.RestartAsync(node);
        await first.PutAsync("kept/a", "v", new KvWriteOptions { Fence = held.Fence });
        Assert.False(held.Lost.IsCancellationRequested);
        Assert.False(waiting.IsCompleted);
        await held.ReleaseAsync();
        await using var next = await waiting.WaitAsync(RecipeNode.Patience);
        Assert.True(next.FencingToken > held.FencingToken);
    }

    [Fact]
    public async Task Observers_see_the_next_leader_when_the_first_has_gone()
    {
        await using var second = await node.ConnectAsync();
        var first = await node.ConnectAsync();
        var leadership = await first.Elections.CampaignAsync("gone", "one", RecipeNode.Short);
        var campaign = second.Elections.CampaignAsync("gone", "two");
        await first.DisposeAsync();
        using var patience = new CancellationTokenSource(RecipeNode.Patience);
        KvLeader? leader = null;
        await foreach (var seen in second.Elections.ObserveAsync("gone", patience.Token))
            if ((leader = seen)?.Value.ToString() == "two") break;
        await using var next = await campaign;
        Assert.Equal(next.FencingToken, leader!.FencingToken);
        await Assert.ThrowsAsync<KvFencedException>(async () => await second.PutAsync("gone/b", "old", new KvWriteOptions { Fence = leadership.Fence }));
    }
}
