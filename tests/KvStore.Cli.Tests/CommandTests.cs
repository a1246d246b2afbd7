using System.Text.Json;
using KvStore.Client.Tests.Fakes;

namespace KvStore.Cli.Tests;

public sealed class CommandTests
{
    [Fact]
    public async Task Put_get_cas_incr_and_del_print_what_they_promise()
    {
        await using var cluster = await FakeCluster.StartAsync();
        var endpoints = string.Join(',', cluster.Addresses.Values);
        async Task Expect(string args, int code, string output, string error = "")
        {
            var run = await CliRun.OfAsync(args.Split(' '), endpoints);
            Assert.Equal((code, output, error), (run.ExitCode, run.Output, run.Error));
        }

        await Expect("put a 1", 0, "revision 1\n");
        await Expect("get a", 0, "1\n");
        await Expect("get a --raw", 0, "1");
        await Expect("get a --quorum", 0, "1\n");
        await Expect("get a --consistency bounded --max-staleness 100ms", 0, "1\n");
        await Expect("cas a 1 2", 0, "revision 2\n");
        await Expect("cas a 1 3", 4, "", "kvctl: compare failed: 'a' is '2' at revision 2\n");
        await Expect("cas a 3 --revision 2", 0, "revision 3\n");
        await Expect("cas b 1 --absent", 0, "revision 4\n");
        await Expect("cas b 1 --delete", 0, "revision 5\n");
        await Expect("cas b 1 2", 4, "", "kvctl: compare failed: there is no key 'b'\n");
        await Expect("incr n 5", 0, "5\n");
        await Expect("incr n -7", 0, "-2\n");
        await Expect("del a", 0, "revision 8\n");
        await Expect("del a", 3, "", "kvctl: no key 'a'\n");
        await Expect("get a", 3, "", "kvctl: no key 'a'\n");
        await Expect("incr n x", 2, "", "kvctl: Cannot parse argument 'x' for command 'incr' as expected type 'System.Int64'.\nTry: kvctl incr --help\n");
    }

    [Fact]
    public async Task A_value_may_be_any_bytes_and_come_from_standard_input()
    {
        await using var cluster = await FakeCluster.StartAsync(nodes: 1);
        Assert.Equal(0, (await CliRun.OfAsync(["put", "a", "-"], cluster.Addresses[1], input: "line 1\nline 2\n")).ExitCode);
        Assert.Equal("line 1\nline 2\n", (await CliRun.OfAsync(["get", "a", "--raw"], cluster.Addresses[1])).Output);
    }

    [Fact]
    public async Task Scan_prints_keys_and_values_in_order()
    {
        await using var cluster = await FakeCluster.StartAsync();
        var endpoints = cluster.Addresses[1];
        foreach (var key in (string[])["z", "a1", "a2", "m"]) await CliRun.OfAsync(["put", key, $"of {key}"], endpoints);
        Assert.Equal("a1\tof a1\na2\tof a2\nm\tof m\nz\tof z\n", (await CliRun.OfAsync(["scan"], endpoints)).Output);
        Assert.Equal("a1\na2\n", (await CliRun.OfAsync(["scan", "a", "--keys-only"], endpoints)).Output);
        Assert.Equal("m\na2\n", (await CliRun.OfAsync(["scan", "--start", "a2", "--end", "z", "--reverse", "--keys-only"], endpoints)).Output);
        Assert.Equal("4\n", (await CliRun.OfAsync(["scan", "--count"], endpoints)).Output);
        var json = JsonDocument.Parse((await CliRun.OfAsync(["scan", "--limit", "2", "-o", "json"], endpoints)).OutputBytes);
        Assert.Equal(["of a1", "of a2"], json.RootElement.EnumerateArray().Select(e => e.GetProperty("value").GetString()!));
        Assert.Equal(2, (await CliRun.OfAsync(["scan", "a", "--start", "b"], endpoints)).ExitCode);
    }

    [Fact]
    public async Task The_cluster_is_shown_and_leadership_moves()
    {
        await using var cluster = await FakeCluster.StartAsync(groups: 2);
        var endpoints = cluster.Addresses[2];
        var status = await CliRun.OfAsync(["cluster", "status"], endpoints);
        Assert.Equal(0, status.ExitCode);
        Assert.Equal(4, status.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
        Assert.Contains("ready", status.Output, StringComparison.Ordinal);
        Assert.Equal(0, (await CliRun.OfAsync(["transfer", "2", "3"], endpoints)).ExitCode);
        Assert.Equal(3UL, cluster.State.LeaderOf(2));
        Assert.Equal(3, (await CliRun.OfAsync(["transfer", "9", "3"], endpoints)).ExitCode);
        Assert.Equal(3, (await CliRun.OfAsync(["transfer", "1", "9"], endpoints)).ExitCode);
        var groups = JsonDocument.Parse((await CliRun.OfAsync(["group", "list", "-o", "json"], endpoints)).OutputBytes);
        Assert.Equal([1, 3], groups.RootElement.EnumerateArray().Select(g => g.GetProperty("leader").GetInt32()));
        var map = (await CliRun.OfAsync(["cluster", "map"], endpoints)).Output.Split('\n');
        Assert.Equal(["default", "1", "1", "g", "1", "1"], map[1].Split(' ', StringSplitOptions.RemoveEmptyEntries));
        Assert.Equal("╭──────┬", (await CliRun.OfAsync(["node", "list", "-o", "table"], endpoints)).Output[..8]);
    }

    [Fact]
    public async Task Bench_reports_what_it_did()
    {
        await using var cluster = await FakeCluster.StartAsync(nodes: 1);
        foreach (var load in (string[])["put", "get"])
        {
            var run = await CliRun.OfAsync(["bench", load, "--operations", "500", "--callers", "20", "--keys", "50", "-o", "json"], cluster.Addresses[1]);
            Assert.Equal(0, run.ExitCode);
            Assert.Equal(500, JsonDocument.Parse(run.OutputBytes).RootElement[0].GetProperty("operations").GetInt32());
        }
        Assert.Equal(550, cluster.State.Applied);
    }

    [Fact]
    public async Task Errors_are_one_line_and_a_code_of_the_table()
    {
        await using var cluster = await FakeCluster.StartAsync(nodes: 1);
        var endpoints = cluster.Addresses[1];
        await CliRun.OfAsync(["put", "a", "x"], endpoints);
        async Task Expect(int code, params string[] args)
        {
            var run = await CliRun.OfAsync(args, endpoints);
            Assert.Equal(code, run.ExitCode);
            Assert.Equal("", run.Output);
            Assert.StartsWith("kvctl: ", run.Error, StringComparison.Ordinal);
        }

        await Expect(1, "incr", "a");
        await Expect(2, "get", "");
        await Expect(2, "get");
        await Expect(2, "get", "a", "--timeout", "soon");
        await Expect(2, "get", "a", "--quorum", "--consistency", "stale");
        await Expect(2, "get", "a", "--endpoints", "nowhere");
        await Expect(2, "cas", "a", "1");
        await Expect(2, "cas", "a", "1", "2", "--absent");
        await Expect(2, "bench", "put", "--callers", "0");
        await Expect(3, "get", "a", "--keyspace", "nope");
        await Expect(5, "get", "a", "--endpoints", "127.0.0.1:1");
        cluster.Node(1).Next(Fate.Silence, Fate.Silence, Fate.Silence);
        await Expect(6, "put", "a", "1", "--timeout", "50ms");
    }
}
