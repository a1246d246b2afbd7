using KvStore.Client.Tests.Fakes;

namespace KvStore.Client.Tests;

public sealed class ScanTests
{
    private static readonly string[] Keys = [.. "abcfghmnoptuvz".Select(c => c.ToString())];

    [Fact]
    public async Task A_scan_crosses_pages_and_ranges_in_key_order()
    {
        await using var cluster = await FakeCluster.StartAsync();
        await using var client = await FilledAsync(cluster);
        Assert.Equal(Keys, await KeysAsync(client.ScanAsync(KvRange.All)));
        Assert.Equal(Keys.Reverse(), await KeysAsync(client.ScanAsync(KvRange.All, new KvScanOptions { Order = KvScanOrder.Descending })));
        Assert.Equal(["c", "f", "g", "h"], await KeysAsync(client.ScanAsync(new KvRange("c", "m"))));
        Assert.Equal(["h", "g", "f", "c"], await KeysAsync(client.ScanAsync(new KvRange("c", "m"), new KvScanOptions { Order = KvScanOrder.Descending, PageSize = 1 })));
        Assert.Equal(["b", "c", "f", "g", "h"], await KeysAsync(client.ScanAsync(KvRange.From("b"), new KvScanOptions { Limit = 5 })));
        Assert.Empty(await KeysAsync(client.ScanAsync(new KvRange("m", "c"))));
        Assert.Equal(["t"], await KeysAsync(client.ScanAsync(KvRange.Prefix("t"))));
    }

    [Fact]
    public async Task A_scan_brings_values_or_leaves_them_out()
    {
        await using var cluster = await FakeCluster.StartAsync();
        await using var client = await FilledAsync(cluster);
        await foreach (var entry in client.ScanAsync(KvRange.All)) Assert.Equal($"value of {entry.KeyText}", entry.ValueText);
        await foreach (var entry in client.ScanAsync(KvRange.All, new KvScanOptions { Content = KvScanContent.KeysOnly })) Assert.Equal(0, entry.Value.Length);
    }

    [Fact]
    public async Task Counting_needs_no_keys()
    {
        await using var cluster = await FakeCluster.StartAsync();
        await using var client = await FilledAsync(cluster);
        Assert.Equal(Keys.Length, await client.CountAsync(KvRange.All));
        Assert.Equal(3, await client.CountAsync(new KvRange("a", "f")));
    }

    [Fact]
    public async Task A_scan_goes_on_when_leaders_and_ranges_change_under_it()
    {
        await using var cluster = await FakeCluster.StartAsync();
        await using var client = await FilledAsync(cluster);
        var found = new List<string>();
        await foreach (var entry in client.ScanAsync(KvRange.All, new KvScanOptions { PageSize = 1 }))
        {
            found.Add(entry.KeyText);
            cluster.State.Lead(1, 1 + ((ulong)found.Count % 3));
            if (found.Count % 2 == 0) cluster.State.MoveRange(1 + ((ulong)found.Count % 4), 1 + ((ulong)found.Count % 2));
        }
        Assert.Equal(Keys, found);
    }

    [Theory]
    [InlineData("a", "b")]
    [InlineData("aÿ", "b")]
    [InlineData("", "")]
    public void A_prefix_ends_before_the_first_key_without_it(string prefix, string end)
    {
        var bytes = prefix.Select(c => (byte)c).ToArray();
        var expected = end.Select(c => (byte)c).ToArray();
        Assert.Equal(expected, KvRange.Prefix(bytes).End.Memory.ToArray());
    }

    private static async Task<KvClient> FilledAsync(FakeCluster cluster)
    {
        var client = await cluster.ConnectAsync(KvTransport.Session);
        await Task.WhenAll(Keys.Select(k => client.PutAsync(k, $"value of {k}").AsTask()));
        return client;
    }

    private static async Task<List<string>> KeysAsync(IAsyncEnumerable<KvEntry> scan)
    {
        var keys = new List<string>();
        await foreach (var entry in scan) keys.Add(entry.KeyText);
        return keys;
    }
}
