using System.Text.Json;
using KvStore.Cli.Transactions;
using KvStore.Client.Tests.Fakes;

namespace KvStore.Cli.Tests;

public sealed class TransactionTests
{
    private static readonly string[] Claim = ["txn", "--when", "missing(job/1)", "--then", "put job/1 mine", "--then", "get job/1", "--else", "get job/1"];

    [Fact]
    public async Task The_branch_taken_is_printed_and_shows_in_the_exit_code()
    {
        await using var cluster = await FakeCluster.StartAsync();
        var endpoints = string.Join(',', cluster.Addresses.Values);
        var first = await CliRun.OfAsync(Claim, endpoints);
        Assert.Equal((0, "then, revision 1\nput\nget\n  job/1\tmine\n"), (first.ExitCode, first.Output));
        var second = await CliRun.OfAsync(Claim, endpoints);
        Assert.Equal((4, "else, revision 1\nget\n  job/1\tmine\n"), (second.ExitCode, second.Output));
        var json = JsonDocument.Parse((await CliRun.OfAsync([.. Claim, "-o", "json"], endpoints)).OutputBytes).RootElement;
        Assert.False(json.GetProperty("succeeded").GetBoolean());
        Assert.Equal("mine", json.GetProperty("results")[0].GetProperty("entries")[0].GetProperty("value").GetString());
    }

    [Fact]
    public async Task A_transaction_comes_from_standard_input()
    {
        await using var cluster = await FakeCluster.StartAsync(nodes: 1);
        const string Script = """
            # claims a job
            missing("job/1")

            put job/1 "with \"quotes\" and \x41"

            get job/1
            """;
        Assert.Equal(0, (await CliRun.OfAsync(["txn"], cluster.Addresses[1], Script)).ExitCode);
        Assert.Equal("with \"quotes\" and A\n", (await CliRun.OfAsync(["get", "job/1"], cluster.Addresses[1])).Output);
    }

    [Theory]
    [InlineData("value(a/1) = x")]
    [InlineData("value(\"a 1\") != \"x y\"")]
    [InlineData("version(a/1) > 0")]
    [InlineData("mod(a/, a0) <= 17")]
    [InlineData("create(a/1)>=3")]
    [InlineData("lease(a/1) = 7fa")]
    [InlineData("exists(a/1)")]
    [InlineData("missing(a/, a0)")]
    public void Compares_are_read(string line) => Assert.NotNull(TransactionScript.Compare(line));

    [Theory]
    [InlineData("get a/1")]
    [InlineData("get a/1 a/9 --limit 3 --reverse --keys-only")]
    [InlineData("get a/ --prefix --count")]
    [InlineData("put a/1 a=(b)")]
    [InlineData("put a/1 --lease 7fa \"--prev\" --prev")]
    [InlineData("del a/ --prefix --prev")]
    public void Operations_are_read(string line) => Assert.NotNull(TransactionScript.Operation(line));

    [Theory]
    [InlineData("value(a/1)", "after the key a sign")]
    [InlineData("value a/1 = 1", "a compare is like")]
    [InlineData("size(a/1) = 1", "a compare begins with")]
    [InlineData("value(a/1) ~ 1", "the sign is one of")]
    [InlineData("version(a/1) > x", "'x' is no number")]
    [InlineData("exists(a/1) = 1", "nothing follows exists")]
    [InlineData("value(\"a) = 1", "a quote does not end")]
    [InlineData("value(\"\\q\") = 1", "unknown escape \\q")]
    public void Bad_compares_are_named(string line, string why) =>
        Assert.Contains(why, Assert.Throws<CommandException>(() => TransactionScript.Compare(line)).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("incr a/1", "an operation begins with get, put or del")]
    [InlineData("get", "the key is missing")]
    [InlineData("put a/1", "the value is missing")]
    [InlineData("put a/1 two words", "'words' is too much; quote a text with blanks")]
    [InlineData("put a/1 x --lease", "--lease needs a value")]
    [InlineData("put a/1 x --lease y", "'y' is no lease id")]
    [InlineData("get a/1 --first", "--first is no option of get")]
    public void Bad_operations_are_named(string line, string why) =>
        Assert.Contains(why, Assert.Throws<CommandException>(() => TransactionScript.Operation(line)).Message, StringComparison.Ordinal);
}
