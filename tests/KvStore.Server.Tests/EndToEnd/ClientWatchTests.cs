using System.Globalization;
using KvStore.Client;

namespace KvStore.Server.Tests.EndToEnd;

/// <summary>The SDK's watches on a real node over real sockets.</summary>
public sealed class ClientWatchTests(SingleNode node) : IClassFixture<SingleNode>
{
    private static readonly KvWatchOptions WithBookmarks = new() { Bookmarks = KvWatchBookmarks.Deliver };

    [Fact]
    public async Task A_watch_of_all_ranges_gives_each_range_in_order_and_nothing_twice()
    {
        await using var client = await node.ConnectAsync();
        await using var watch = client.WatchAsync(KvRange.Prefix(""), WithBookmarks).GetAsyncEnumerator();
        for (var i = 0; i < 4; i++) await BookmarkAsync(watch);
        var written = new List<(string, string, ulong)>();
        for (var i = 0; i < 200; i++)
        {
            var key = $"{"bjpv"[i % 4]}/all";
            written.Add((key, $"{i}", (await client.PutAsync(key, $"{i}")).Revision));
        }
        var told = new List<(string, string, ulong)>();
        while (told.Count < written.Count)
        {
            Assert.True(await watch.MoveNextAsync());
            told.AddRange(watch.Current.Events.Where(e => e.KeyText.EndsWith("/all", StringComparison.Ordinal)).Select(e => (e.KeyText, e.ValueText, e.Revision)));
        }
        foreach (var range in written.GroupBy(w => w.Item1)) Assert.Equal(range, told.Where(t => t.Item1 == range.Key));
    }

    [Fact]
    public async Task A_watch_goes_on_behind_its_resume_token_also_after_the_token_was_text()
    {
        await using var client = await node.ConnectAsync();
        KvResumeToken token;
        await using (var watch = client.WatchAsync(KvRange.Prefix("token/"), WithBookmarks).GetAsyncEnumerator())
        {
            await BookmarkAsync(watch);
            for (var i = 0; i < 10; i++) await client.PutAsync("token/k", $"{i}");
            var told = 0;
            while (told < 5)
            {
                Assert.True(await watch.MoveNextAsync());
                told += watch.Current.Events.Count;
            }
            token = watch.Current.ResumeToken;
            await client.PutAsync("token/k", "10");
            var rest = await ValuesAsync(client.WatchAsync(KvRange.Prefix("token/"), new KvWatchOptions { ResumeFrom = KvResumeToken.Parse(token.ToString()) }), 11 - told);
            Assert.Equal(Enumerable.Range(told, 11 - told).Select(i => $"{i}"), rest);
        }
        await Assert.ThrowsAsync<KvInvalidArgumentException>(() => ValuesAsync(client.WatchAsync(KvRange.Prefix("other/"), new KvWatchOptions { ResumeFrom = token }), 1));
        await Assert.ThrowsAsync<KvInvalidArgumentException>(() => ValuesAsync(client.Keyspace("etcd").WatchAsync(KvRange.Prefix("token/"), new KvWatchOptions { ResumeFrom = token }), 1));
    }

    [Fact]
    public async Task A_slow_consumer_gets_everything_with_a_small_buffer()
    {
        await using var client = await node.ConnectAsync();
        await using var watch = client.WatchAsync(KvRange.Single("slow"), new KvWatchOptions { Bookmarks = KvWatchBookmarks.Deliver, BufferBytes = 500, Previous = KvWatchPrevious.Include }).GetAsyncEnumerator();
        await BookmarkAsync(watch);
        await Task.WhenAll(Enumerable.Range(0, 300).Select(_ => client.IncrementAsync("slow").AsTask()));
        var told = new List<KvWatchEvent>();
        while (told.Count < 300)
        {
            Assert.True(await watch.MoveNextAsync());
            told.AddRange(watch.Current.Events);
        }
        Assert.Equal(Enumerable.Range(1, 300).Select(i => $"{i}"), told.Select(e => e.ValueText));
        Assert.Equal(Enumerable.Range(0, 300).Select(i => i == 0 ? null : $"{i}"), told.Select(e => e.Previous?.ValueText));
    }

    [Fact]
    public async Task Bad_input_is_a_typed_error()
    {
        await using var client = await node.ConnectAsync();
        Assert.Throws<KvInvalidArgumentException>(() => client.WatchAsync(new KvRange("b", "a")));
        Assert.Throws<KvInvalidArgumentException>(() => client.WatchAsync(KvRange.All, new KvWatchOptions { Kinds = KvWatchKinds.None }));
        Assert.Throws<KvInvalidArgumentException>(() => KvResumeToken.Parse("rubbish"));
        await Assert.ThrowsAsync<KvInvalidArgumentException>(() => ValuesAsync(client.WatchAsync(KvRange.All, new KvWatchOptions { FromRevision = 1 }), 1));
        await Assert.ThrowsAsync<KvFutureRevisionException>(() => ValuesAsync(client.WatchAsync(KvRange.Single("a"), new KvWatchOptions { FromRevision = 1_000_000 }), 1));
        await Assert.ThrowsAsync<KvNotFoundException>(() => ValuesAsync(client.Keyspace("nowhere").WatchAsync(KvRange.All), 1));
    }

    [Fact]
    public async Task A_cancelled_watch_ends_and_the_client_goes_on()
    {
        await using var client = await node.ConnectAsync();
        using var cancel = new CancellationTokenSource();
        await using (var watch = client.WatchAsync(KvRange.Single("cancel"), WithBookmarks, cancel.Token).GetAsyncEnumerator())
        {
            await BookmarkAsync(watch);
            var next = watch.MoveNextAsync().AsTask();
            await cancel.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => next);
        }
        await client.PutAsync("cancel", "1");
        Assert.Equal("1", (await client.GetAsync("cancel"))?.ValueText);
    }

    [Fact]
    public async Task A_restart_of_the_node_leaves_no_gap_and_no_repetition()
    {
        var own = new SingleNode();
        await own.InitializeAsync();
        try
        {
            await using var watcher = await own.ConnectAsync();
            await using var watch = watcher.WatchAsync(KvRange.Prefix("r"), WithBookmarks).GetAsyncEnumerator();
            await BookmarkAsync(watch);
            for (var round = 0; round < 2; round++)
            {
                await using (var writer = await own.ConnectAsync())
                    for (var i = 0; i < 30; i++) await writer.IncrementAsync("r");
                if (round == 0) await own.StopAsync();
                if (round == 0) await own.InitializeAsync();
            }
            var told = new List<long>();
            while (told.Count < 60)
            {
                Assert.True(await watch.MoveNextAsync());
                told.AddRange(watch.Current.Events.Select(e => long.Parse(e.ValueText, CultureInfo.InvariantCulture)));
            }
            Assert.Equal(Enumerable.Range(1, 60).Select(i => (long)i), told);
        }
        finally
        {
            await own.DisposeAsync();
        }
    }

    [Fact]
    public async Task A_watch_from_a_compacted_revision_is_a_typed_error()
    {
        var own = new SingleNode();
        own.Options = own.Options with { HistoryRevisionsKept = 100 };
        await own.InitializeAsync();
        try
        {
            await using var client = await own.ConnectAsync();
            var gone = false;
            while (!gone)
            {
                for (var i = 0; i < 100; i++) await client.PutAsync("c", $"{i}");
                try
                {
                    await ValuesAsync(client.WatchAsync(KvRange.Single("c"), new KvWatchOptions { FromRevision = 1 }), 1);
                }
                catch (KvCompactedException)
                {
                    gone = true;
                }
            }
        }
        finally
        {
            await own.DisposeAsync();
        }
    }

    private static async Task BookmarkAsync(IAsyncEnumerator<KvWatchBatch> watch)
    {
        Assert.True(await watch.MoveNextAsync());
        Assert.Empty(watch.Current.Events);
    }

    private static async Task<List<string>> ValuesAsync(IAsyncEnumerable<KvWatchBatch> watch, int count)
    {
        var values = new List<string>();
        await foreach (var batch in watch)
        {
            values.AddRange(batch.Events.Select(e => e.ValueText));
            if (values.Count >= count) break;
        }
        return values;
    }
}
