using KvStore.Server.Tests.EndToEnd;

namespace KvStore.Cli.Tests;

/// <summary>Bad input to a real node by way of kvctl: one line that names what and why, the exit code of the table, and nothing applied.</summary>
public sealed class BadInputTests : IClassFixture<BadInputTests.ShortHistory>
{
    private readonly ShortHistory _node;

    public BadInputTests(ShortHistory node) => _node = node;

    [Theory]
    [InlineData("lease grant 0s", 2, "TTL: '0s'")]
    [InlineData("lease grant 500ms", 2, "it must be from 1 s to 9,000,000,000 s")]
    [InlineData("lease grant 25h", 2, "up to 24h")]
    [InlineData("lease revoke dead", 3, "lease dead")]
    [InlineData("lease ttl dead", 3, "lease dead")]
    [InlineData("lease keep-alive dead --once", 3, "lease dead")]
    [InlineData("lease revoke 0", 2, "0")]
    [InlineData("put x v --lease dead", 3, "lease")]
    [InlineData("txn --then put_x_v_--lease_dead", 3, "dead")]
    [InlineData("txn --then put_x_1 --then put_x_2", 2, "key 'x' is written twice")]
    [InlineData("txn --when missing(x) --then put_x_1 --then del_x", 2, "key 'x' is written twice")]
    [InlineData("txn --then put_x_1 --then put_y_1", 2, "'y' and 'x' are not colocated")]
    [InlineData("watch x --from-revision 1000000", 1, "revision 1000000 has not been reached")]
    [InlineData("put x v --fence never:12345", 3, "never")]
    [InlineData("del x --fence never:12345", 3, "never")]
    [InlineData("cas x v --absent --fence never:12345", 3, "never")]
    [InlineData("incr x --fence never:12345", 3, "never")]
    [InlineData("txn --then put_x_1 --fence never:12345", 3, "never")]
    public async Task Each_is_refused_by_name(string command, int code, string mention)
    {
        var run = await CliRun.OfAsync([.. command.Split(' ').Select(word => word.Replace('_', ' '))], _node.Endpoint);
        Assert.True((code, "") == (run.ExitCode, run.Output), $"exit code {run.ExitCode}: {run.Output}{run.Error}");
        Assert.Contains(mention, run.Error, StringComparison.Ordinal);
        Assert.Equal(3, (await CliRun.OfAsync(["get", "x"], _node.Endpoint)).ExitCode);
    }

    [Fact]
    public async Task A_watch_from_what_was_compacted_is_refused_with_the_revision()
    {
        await using var client = await SingleNode.ConnectAsync([_node.Endpoint]);
        for (var i = 0; i < 250; i++) await client.PutAsync("history", $"{i}");
        CliRun run;
        // Before the leader has proposed to compact it the first event is still told.
        do run = await CliRun.OfAsync(["watch", "history", "--from-revision", "1", "--count", "1"], _node.Endpoint);
        while (run.ExitCode == 0);
        Assert.Equal(1, run.ExitCode);
        Assert.Contains("revision 1 has been compacted", run.Error, StringComparison.Ordinal);
    }

    /// <summary>A node that keeps no more than 100 revisions.</summary>
    public sealed class ShortHistory : IAsyncLifetime
    {
        private readonly SingleNode _node = new();

        public string Endpoint => _node.Endpoint;

        public Task InitializeAsync()
        {
            _node.Options = _node.Options with { HistoryRevisionsKept = 100 };
            return _node.InitializeAsync();
        }

        public Task DisposeAsync() => _node.DisposeAsync();
    }
}
