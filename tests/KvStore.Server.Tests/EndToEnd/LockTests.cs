using KvStore.Client;
using KvStore.Client.Elections;
using KvStore.Client.Locks;
using KvStore.Client.Tests.Fakes;
using KvStore.Client.Transactions;

namespace KvStore.Server.Tests.EndToEnd;

/// <summary>Locks and elections through the SDK of a real node, with keys in all its groups.</summary>
public sealed class LockTests(SingleNode node) : IClassFixture<SingleNode>, IAsyncLifetime
{
    /// <summary>One in each range of the default keyspace, which lie in several groups.</summary>
    private static readonly string[] Keys = ["a", "h", "o", "u"];
    /// <summary>Outlasts every pause of a machine.</summary>
    private static readonly KvLockOptions Long = new() { TimeToLive = TimeSpan.FromHours(3) };
    private KvClient? _client;

    private KvClient Client => _client!;

    public async Task InitializeAsync() => _client = await node.ConnectAsync();

    public async Task DisposeAsync() => await Client.DisposeAsync();

    [Theory]
    [InlineData(KvTransport.Session)]
    [InlineData(KvTransport.Unary)]
    public async Task A_fenced_write_is_accepted_in_every_range_until_another_one_has_acquired_the_lock(KvTransport transport)
    {
        await using var client = await node.ConnectAsync(transport: transport);
        var name = $"fenced-{transport}";
        KvFence old;
        await using (var held = await client.Locks.AcquireAsync(name))
        {
            old = held.Fence;
            var write = new KvWriteOptions { Fence = held.Fence };
            foreach (var key in Keys) await client.PutAsync($"{key}-{name}", "1", write);
            foreach (var key in Keys) Assert.Equal(2, (await client.IncrementAsync($"{key}-{name}", 1, write)).Value);
            Assert.NotEmpty((await client.Locks.DescribeAsync(name)).RegisteredGroups);
        }
        await using var next = await client.Locks.AcquireAsync(name);
        Assert.True(next.FencingToken > old.Token);
        foreach (var key in Keys)
        {
            var refused = await Assert.ThrowsAsync<KvFencedException>(async () => await client.PutAsync($"{key}-{name}", "old", new KvWriteOptions { Fence = old }));
            Assert.Contains($"lock '{name}': token {old.Token}", refused.Message, StringComparison.Ordinal);
            Assert.False(refused.OutcomeUnknown);
            await Assert.ThrowsAsync<KvFencedException>(async () => await client.Transaction().Then(KvOperation.Put($"{key}-{name}", "old")).CommitAsync(new KvWriteOptions { Fence = old }));
            await Assert.ThrowsAsync<KvFencedException>(async () => await client.DeleteAsync($"{key}-{name}", new KvWriteOptions { Fence = old }));
            await Assert.ThrowsAsync<KvFencedException>(async () => await client.CompareAndSwapAsync($"{key}-{name}", KvExpectation.Value("2"), "old", new KvWriteOptions { Fence = old }));
            Assert.Equal("2", (await client.GetAsync($"{key}-{name}"))!.Value.Value.ToString());
        }
    }

    [Fact]
    public async Task A_fence_of_a_lock_that_never_existed_is_a_definite_error()
    {
        foreach (var key in Keys)
        {
            var refused = await Assert.ThrowsAsync<KvLockNotFoundException>(async () => await Client.PutAsync(key, "v", new KvWriteOptions { Fence = new KvFence("never", ulong.MaxValue / 2) }));
            Assert.False(refused.OutcomeUnknown);
            Assert.Null(await Client.GetAsync(key));
        }
    }

    [Fact]
    public async Task Those_who_wait_are_served_in_order_and_give_up_their_place_when_they_are_cancelled()
    {
        var held = await Client.Locks.AcquireAsync("queue", Long);
        Assert.Null(await Client.Locks.TryAcquireAsync("queue"));
        var over = await Assert.ThrowsAsync<KvTimeoutException>(() => Client.Locks.AcquireAsync("queue", Long with { Wait = TimeSpan.FromMilliseconds(100) }));
        Assert.Contains("somebody else has held it", over.Message, StringComparison.Ordinal);
        var first = await WaitingAsync("queue", 1, "first", CancellationToken.None);
        using var cancelled = new CancellationTokenSource();
        var second = await WaitingAsync("queue", 2, "second", cancelled.Token);
        var third = await WaitingAsync("queue", 3, "third", CancellationToken.None);
        await cancelled.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => second);
        Assert.Equal(["first", "third"], (await Client.Locks.DescribeAsync("queue")).Waiting.Select(claim => claim.Value.ToString()));
        await held.ReleaseAsync();
        await using var next = await first;
        Assert.False(third.IsCompleted);
        await next.ReleaseAsync();
        await using var last = await third;
        Assert.True(last.FencingToken > next.FencingToken && next.FencingToken > held.FencingToken);
    }

    [Fact]
    public async Task A_lock_keeps_itself_alive_until_its_lease_is_gone_and_says_so()
    {
        var clock = new ClientClock();
        await using var owner = await node.ConnectAsync(clock);
        await using var held = await owner.Locks.AcquireAsync("lost", Long);
        var waiting = Client.Locks.AcquireAsync("lost");
        for (var thirds = 0; thirds < 6; thirds++)
        {
            clock.Advance(Long.TimeToLive / 3);
            await Patiently.UntilAsync(() => held.SafeFor > Long.TimeToLive * 0.9, "the lock was renewed");
        }
        Assert.False(held.Lost.IsCancellationRequested);
        Assert.False(waiting.IsCompleted);
        await Client.Leases.RevokeAsync((await Client.Locks.DescribeAsync("lost")).Holder!.Lease);
        clock.Advance(Long.TimeToLive / 3);
        await Patiently.FiredAsync(held.Lost);
        await using var next = await waiting;
        Assert.True(next.FencingToken > held.FencingToken);
    }

    [Fact]
    public async Task Limits_are_named()
    {
        Assert.Contains("1024", (await Assert.ThrowsAsync<KvInvalidArgumentException>(() => Client.Locks.AcquireAsync(new string('x', 1025)))).Message, StringComparison.Ordinal);
        await Assert.ThrowsAsync<KvInvalidArgumentException>(() => Client.Locks.AcquireAsync(""));
        await Assert.ThrowsAsync<KvInvalidArgumentException>(() => Client.Locks.AcquireAsync("x", new KvLockOptions { Value = new byte[4097] }));
        await Assert.ThrowsAsync<KvInvalidArgumentException>(() => Client.Locks.AcquireAsync("x", new KvLockOptions { TimeToLive = TimeSpan.Zero }));
    }

    [Fact]
    public async Task An_election_shows_its_leader_and_what_it_proclaims()
    {
        Assert.Null(await Client.Elections.LeaderAsync("scheduler"));
        using var over = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        await using var observed = Client.Elections.ObserveAsync("scheduler", over.Token).GetAsyncEnumerator();
        Assert.Null(await NextAsync(observed));
        var leadership = await Client.Elections.CampaignAsync("scheduler", "one");
        Assert.Equal(("one", leadership.FencingToken), ((await NextAsync(observed))!.Value.ToString(), (await Client.Elections.LeaderAsync("scheduler"))!.FencingToken));
        var second = Client.Elections.CampaignAsync("scheduler", "two");
        await leadership.ProclaimAsync("one, still");
        Assert.Equal("one, still", (await NextAsync(observed))!.Value.ToString());
        await leadership.ResignAsync();
        await using var next = await second;
        KvLeader? seen;
        do seen = await NextAsync(observed);
        while (seen is null);
        Assert.Equal(("two", next.FencingToken), (seen.Value.ToString(), seen.FencingToken));
        await Assert.ThrowsAsync<KvFencedException>(() => leadership.ProclaimAsync("too late"));
        await Client.PutAsync("a-leader", "v", new KvWriteOptions { Fence = next.Fence });
        await Assert.ThrowsAsync<KvFencedException>(async () => await Client.PutAsync("a-leader", "v", new KvWriteOptions { Fence = leadership.Fence }));
    }

    private static async Task<KvLeader?> NextAsync(IAsyncEnumerator<KvLeader?> observed)
    {
        Assert.True(await observed.MoveNextAsync());
        return observed.Current;
    }

    private async Task<Task<KvLock>> WaitingAsync(string name, int place, string who, CancellationToken cancellationToken)
    {
        var waiting = Client.Locks.AcquireAsync(name, Long with { Value = who }, cancellationToken);
        while ((await Client.Locks.DescribeAsync(name, cancellationToken: CancellationToken.None)).WaitingCount < place) Assert.False(waiting.IsFaulted);
        return waiting;
    }
}
