using KvStore.Client;
using KvStore.Client.Recipes;
using KvStore.Client.Tests.Fakes;

namespace KvStore.Server.Tests.EndToEnd.Recipes;

/// <summary>Ids that stay unique when leases are lost, clocks are wrong and everything restarts.</summary>
[Collection(RecipeNode.Name)]
public sealed class UniqueIdTests(SingleNode node)
{
    [Fact]
    public async Task Generators_of_two_clients_give_growing_ids_and_none_twice()
    {
        await using var one = await node.ConnectAsync();
        await using var two = await node.ConnectAsync();
        await using var a = new KvUniqueIds(one, "two", options: RecipeNode.Long);
        await using var b = new KvUniqueIds(two, "two", options: RecipeNode.Long);
        var lists = await Task.WhenAll(((KvUniqueIds[])[a, a, b, b]).Select(async ids =>
        {
            var list = new List<long>();
            for (var i = 0; i < 5000; i++) list.Add(await ids.NextAsync());
            return list;
        }));
        Assert.All(lists, list => Assert.Equal(list.Order(), list));
        Assert.Equal(20_000, lists.SelectMany(list => list).Distinct().Count());
        Assert.NotEqual(KvUniqueIds.WorkerOf(lists[0][0]), KvUniqueIds.WorkerOf(lists[2][0]));
        Assert.InRange(KvUniqueIds.TimeOf(lists[0][^1]), DateTimeOffset.UtcNow.AddMinutes(-5), DateTimeOffset.UtcNow.AddMinutes(5));
    }

    [Fact]
    public async Task The_next_owner_of_a_number_goes_on_behind_all_that_the_lost_one_had_reserved()
    {
        var clock = new ClientClock(wallClockOff: TimeSpan.FromHours(1));
        await using var one = await node.ConnectAsync(clock);
        await using var two = await node.ConnectAsync(new ClientClock(wallClockOff: TimeSpan.FromHours(-1)));
        await using var a = new KvUniqueIds(one, "lost", workers: 1, RecipeNode.Long);
        await using var b = new KvUniqueIds(two, "lost", workers: 1, RecipeNode.Long);
        var first = await a.NextAsync();
        await Assert.ThrowsAsync<KvResourceExhaustedException>(async () => await b.NextAsync());
        await RecipeNode.RevokeAsync(one, "ids/lost/0");
        clock.Advance(RecipeNode.LongRenewedAfter);
        var second = await b.NextAsync();
        Assert.True(KvUniqueIds.TimeOf(second) - KvUniqueIds.TimeOf(first) >= TimeSpan.FromSeconds(9));
        // The first generator has a reserved time left and no number: it gives nothing before it has one again.
        await Assert.ThrowsAsync<KvResourceExhaustedException>(async () => { while (true) Assert.InRange(await a.NextAsync(), first + 1, second - 1); });
        await b.DisposeAsync();
        var third = await a.NextAsync();
        Assert.True(KvUniqueIds.TimeOf(third) - KvUniqueIds.TimeOf(second) >= TimeSpan.FromSeconds(9));
    }

    [Fact]
    public async Task A_generator_goes_on_with_another_number_and_over_a_restart()
    {
        var clock = new ClientClock();
        await using var client = await node.ConnectAsync(clock);
        await using var ids = new KvUniqueIds(client, "restart", options: RecipeNode.Long);
        var first = await ids.NextAsync();
        await RecipeNode.RestartAsync(node);
        var second = await ids.NextAsync();
        Assert.True(second > first);
        await RecipeNode.RevokeAsync(client, $"ids/restart/{KvUniqueIds.WorkerOf(second)}");
        clock.Advance(RecipeNode.LongRenewedAfter);
        using var patience = new CancellationTokenSource(RecipeNode.Patience);
        var next = second;
        while (KvUniqueIds.WorkerOf(next) == KvUniqueIds.WorkerOf(second))
        {
            var before = next;
            next = await ids.NextAsync(patience.Token);
            Assert.True(next > before);
            patience.Token.ThrowIfCancellationRequested();
        }
    }

    [Fact]
    public async Task What_is_not_from_this_recipe_and_bad_input_are_refused()
    {
        await using var client = await node.ConnectAsync();
        await client.PutAsync("ids/broken/0", "rubbish");
        await using var ids = new KvUniqueIds(client, "broken", workers: 1);
        Assert.Contains("ids/broken/0", (await Assert.ThrowsAsync<KvPreconditionFailedException>(async () => await ids.NextAsync())).Message, StringComparison.Ordinal);
        await client.PutAsync("ids/broken/0", $"{1L << 41}");
        await Assert.ThrowsAsync<KvResourceExhaustedException>(async () => await ids.NextAsync());
        Assert.Throws<KvInvalidArgumentException>(() => new KvUniqueIds(client, "a/b"));
        Assert.Throws<KvInvalidArgumentException>(() => new KvUniqueIds(client, "a", 0));
        Assert.Throws<KvInvalidArgumentException>(() => new KvUniqueIds(client, "a", 1025));
        await ids.DisposeAsync();
        await Assert.ThrowsAsync<ObjectDisposedException>(async () => await ids.NextAsync());
    }
}
