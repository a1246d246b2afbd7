using KvStore.Client;
using KvStore.Client.Recipes;
using KvStore.Client.Tests.Fakes;

namespace KvStore.Server.Tests.EndToEnd.Recipes;

/// <summary>A registry whose instances come, go, lose their leases and die.</summary>
[Collection(RecipeNode.Name)]
public sealed class ServiceRegistryTests(SingleNode node)
{
    [Fact]
    public async Task Instances_are_listed_until_they_are_disposed_and_say_how_they_are()
    {
        await using var client = await node.ConnectAsync();
        var registry = new KvServiceRegistry(client);
        await using var other = await registry.RegisterAsync("shop-2", "x", "http://x");
        var b = await registry.RegisterAsync("shop", "b", "http://b", KvServiceHealth.NotServing);
        await using (await registry.RegisterAsync("shop", "a", "http://a"))
        {
            Assert.Equal([("a", "http://a", KvServiceHealth.Serving), ("b", "http://b", KvServiceHealth.NotServing)], (await registry.ListAsync("shop")).Select(i => (i.Instance, i.Address, i.Health)));
            await b.SetHealthAsync(KvServiceHealth.Serving);
            await Assert.ThrowsAsync<KvInvalidArgumentException>(() => b.SetHealthAsync(KvServiceHealth.Unknown));
        }
        Assert.Equal(("b", KvServiceHealth.Serving), (await registry.ListAsync("shop")).Select(i => (i.Instance, i.Health)).Single());
        await b.DisposeAsync();
        Assert.Empty(await registry.ListAsync("shop"));
        await Assert.ThrowsAsync<ObjectDisposedException>(() => b.SetHealthAsync(KvServiceHealth.Serving));
    }

    [Fact]
    public async Task An_instance_whose_lease_was_lost_registers_itself_again()
    {
        var clock = new ClientClock();
        await using var client = await node.ConnectAsync();
        await using var owner = await node.ConnectAsync(clock);
        await using var registration = await new KvServiceRegistry(owner).RegisterAsync("lost", "a", "http://a", timeToLive: RecipeNode.Long.TimeToLive);
        await using var watch = new Watched(new KvServiceRegistry(client), "lost");
        var lease = (await watch.UntilAsync(set => set.Count == 1))[0].Lease;
        await client.Leases.RevokeAsync(lease);
        clock.Advance(RecipeNode.LongRenewedAfter);
        var again = await watch.UntilAsync(set => set.Count == 1 && set[0].Lease != lease);
        Assert.Equal(("http://a", KvServiceHealth.Serving), (again[0].Address, again[0].Health));
        await registration.SetHealthAsync(KvServiceHealth.NotServing);
        await watch.UntilAsync(set => set.Count == 1 && set[0].Health == KvServiceHealth.NotServing);
    }

    [Fact]
    public async Task An_instance_of_a_client_that_has_gone_goes_with_its_lease()
    {
        await using var client = await node.ConnectAsync();
        await using var watch = new Watched(new KvServiceRegistry(client), "died");
        var dying = await node.ConnectAsync();
        var registration = await new KvServiceRegistry(dying).RegisterAsync("died", "a", "http://a", timeToLive: TimeSpan.FromSeconds(1));
        await watch.UntilAsync(set => set.Count == 1);
        await dying.DisposeAsync();
        await watch.UntilAsync(set => set.Count == 0);
        await registration.DisposeAsync();
    }

    [Fact]
    public async Task Of_two_registrations_of_an_instance_the_later_one_stands_also_when_the_first_has_gone()
    {
        await using var client = await node.ConnectAsync();
        var registry = new KvServiceRegistry(client);
        var first = await registry.RegisterAsync("twice", "a", "http://old");
        await using var second = await registry.RegisterAsync("twice", "a", "http://new");
        await first.DisposeAsync();
        Assert.Equal("http://new", (await registry.ListAsync("twice")).Single().Address);
    }

    [Fact]
    public async Task Registrations_and_watches_go_on_over_a_restart()
    {
        await using var client = await node.ConnectAsync();
        var registry = new KvServiceRegistry(client);
        await using var watch = new Watched(registry, "restart");
        await using var a = await registry.RegisterAsync("restart", "a", "http://a", timeToLive: RecipeNode.Long.TimeToLive);
        await watch.UntilAsync(set => set.Count == 1);
        await RecipeNode.RestartAsync(node);
        await using var b = await registry.RegisterAsync("restart", "b", "http://b", timeToLive: RecipeNode.Long.TimeToLive);
        Assert.Equal(["a", "b"], (await watch.UntilAsync(set => set.Count == 2)).Select(i => i.Instance));
    }

    [Fact]
    public async Task Bad_names_are_refused()
    {
        await using var client = await node.ConnectAsync();
        var registry = new KvServiceRegistry(client);
        await Assert.ThrowsAsync<KvInvalidArgumentException>(() => registry.RegisterAsync("a/b", "x", "http://x"));
        await Assert.ThrowsAsync<KvInvalidArgumentException>(() => registry.RegisterAsync("a", "", "http://x"));
        await Assert.ThrowsAsync<KvInvalidArgumentException>(() => registry.RegisterAsync("a", "x", "http://x", timeToLive: TimeSpan.Zero));
        Assert.Throws<KvInvalidArgumentException>(() => new KvServiceRegistry(client, "no-slash"));
    }

    /// <summary>A watch of a service that is read on until a set is as wanted.</summary>
    private sealed class Watched(KvServiceRegistry registry, string service) : IAsyncDisposable
    {
        private readonly CancellationTokenSource _patience = new(RecipeNode.Patience);
        private IAsyncEnumerator<IReadOnlyList<KvServiceInstance>>? _sets;

        public async Task<IReadOnlyList<KvServiceInstance>> UntilAsync(Predicate<IReadOnlyList<KvServiceInstance>> isWanted)
        {
            _sets ??= registry.WatchAsync(service, _patience.Token).GetAsyncEnumerator();
            do Assert.True(await _sets.MoveNextAsync());
            while (!isWanted(_sets.Current));
            return _sets.Current;
        }

        public async ValueTask DisposeAsync()
        {
            if (_sets is not null) await _sets.DisposeAsync();
            _patience.Dispose();
        }
    }
}
