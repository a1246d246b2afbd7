using KvStore.Client.Tests.Fakes;

namespace KvStore.Client.Tests;

public sealed class OperationTests
{
    [Theory]
    [InlineData(KvTransport.Session)]
    [InlineData(KvTransport.Unary)]
    public async Task A_key_is_written_read_swapped_counted_and_deleted(KvTransport transport)
    {
        await using var cluster = await FakeCluster.StartAsync();
        await using var client = await cluster.ConnectAsync(transport);

        Assert.Null(await client.GetAsync("a"));
        var put = await client.PutAsync("a", "1");
        Assert.Equal(1UL, put.Revision);
        var entry = await client.GetAsync("a");
        Assert.Equal(("a", "1", 1UL, 1UL), (entry!.Value.KeyText, entry.Value.ValueText, entry.Value.ModRevision, entry.Value.Version));

        var swapped = await client.CompareAndSwapAsync("a", "1", "2");
        Assert.True(swapped.Swapped);
        var refused = await client.CompareAndSwapAsync("a", "1", "3");
        Assert.False(refused.Swapped);
        Assert.Equal("2", refused.Current!.Value.ValueText);
        Assert.True((await client.CompareAndSwapAsync("a", KvExpectation.ModRevision(swapped.Revision), "")).Swapped);
        Assert.Equal("", (await client.GetAsync("a"))!.Value.ValueText);
        Assert.False((await client.CompareAndSwapAsync("a", KvExpectation.Absent, "4")).Swapped);
        Assert.True((await client.CompareAndDeleteAsync("a", "")).Swapped);
        Assert.True((await client.CompareAndSwapAsync("a", KvExpectation.ModRevision(0), "5")).Swapped);

        Assert.Equal(-7, (await client.IncrementAsync("n", -7)).Value);
        Assert.Equal(-6, (await client.IncrementAsync("n")).Value);
        Assert.True((await client.DeleteAsync("a")).Existed);
        Assert.False((await client.DeleteAsync("a")).Existed);
    }

    [Fact]
    public async Task Bytes_of_any_kind_survive()
    {
        await using var cluster = await FakeCluster.StartAsync();
        await using var client = await cluster.ConnectAsync(KvTransport.Session);
        var value = new byte[300_000];
        new Random(1).NextBytes(value);
        await client.PutAsync("bytes", value);
        Assert.Equal(value, (await client.GetAsync("bytes"))!.Value.Value.Memory.ToArray());
    }

    [Fact]
    public async Task Concurrent_calls_travel_together()
    {
        await using var cluster = await FakeCluster.StartAsync(nodes: 1, splits: [], groups: 1);
        await using var client = await cluster.ConnectAsync(KvTransport.Session);
        await client.PutAsync("warm", "up");
        var before = cluster.Node(1).Batches;
        await Task.WhenAll(Enumerable.Range(0, 2000).Select(i => client.PutAsync($"k{i}", "v").AsTask()));
        Assert.Equal(2001, cluster.State.Applied);
        Assert.InRange(cluster.Node(1).Batches - before, 1, 1000);
        Assert.All(cluster.Node(1).Seen, b => Assert.Single(b.Operations.Select(o => o.Sequence == 0).Distinct()));
    }

    [Fact]
    public async Task The_node_learns_which_results_it_may_forget()
    {
        await using var cluster = await FakeCluster.StartAsync(nodes: 1, splits: [], groups: 1);
        await using var client = await cluster.ConnectAsync(KvTransport.Session);
        for (var i = 0; i < 200; i++) await client.PutAsync("a", "v");
        Assert.InRange(cluster.State.LowestAwaitedMax, 199UL, 200UL);
        Assert.Equal(1, cluster.State.SessionsOpened);
    }

    [Fact]
    public async Task Reads_that_any_replica_may_serve_are_not_refused_by_followers()
    {
        await using var cluster = await FakeCluster.StartAsync();
        await using var client = await cluster.ConnectAsync(KvTransport.Session);
        await client.PutAsync("a", "1");
        foreach (var consistency in Enum.GetValues<KvConsistency>())
            Assert.Equal("1", (await client.GetAsync("a", new KvReadOptions { Consistency = consistency }))!.Value.ValueText);
    }

    [Fact]
    public async Task Keyspaces_that_do_not_exist_are_named()
    {
        await using var cluster = await FakeCluster.StartAsync(nodes: 1);
        await using var client = await cluster.ConnectAsync(KvTransport.Session);
        var error = await Assert.ThrowsAsync<KvNotFoundException>(async () => await client.Keyspace("nope").GetAsync("a"));
        Assert.Contains("'nope'", error.Message, StringComparison.Ordinal);
        await Assert.ThrowsAsync<KvNotFoundException>(async () => await client.Keyspace("nope").PutAsync("a", "1"));
        await Assert.ThrowsAsync<KvNotFoundException>(async () => await client.Keyspace("nope").CountAsync(KvRange.All));
    }

    [Fact]
    public async Task Broken_limits_are_refused_before_anything_is_sent()
    {
        await using var cluster = await FakeCluster.StartAsync(nodes: 1);
        await using var client = await cluster.ConnectAsync(KvTransport.Session);
        Assert.Contains("1 to 4096", (await Assert.ThrowsAsync<KvInvalidArgumentException>(async () => await client.GetAsync(""))).Message, StringComparison.Ordinal);
        await Assert.ThrowsAsync<KvInvalidArgumentException>(async () => await client.GetAsync(new byte[4097]));
        await Assert.ThrowsAsync<KvInvalidArgumentException>(async () => await client.PutAsync("a", new byte[4 << 20]));
        await Assert.ThrowsAsync<KvInvalidArgumentException>(async () => await client.PutAsync("a", "1", new KvWriteOptions { Timeout = TimeSpan.Zero }));
        Assert.Equal(0, cluster.Node(1).Operations);
    }

    [Fact]
    public async Task An_error_of_the_state_machine_is_typed_and_definite()
    {
        await using var cluster = await FakeCluster.StartAsync(nodes: 1);
        await using var client = await cluster.ConnectAsync(KvTransport.Session);
        await client.PutAsync("a", "x");
        var error = await Assert.ThrowsAsync<KvPreconditionFailedException>(async () => await client.IncrementAsync("a"));
        Assert.False(error.OutcomeUnknown);
        Assert.False(error.IsTransient);
    }
}
