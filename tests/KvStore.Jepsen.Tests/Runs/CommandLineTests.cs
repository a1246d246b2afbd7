using KvStore.Jepsen.Recording;
using KvStore.Jepsen.Runs;
using KvStore.Jepsen.Workloads;
using KvStore.Jepsen.Soak;
using KvStore.Linearizability;

namespace KvStore.Jepsen.Tests.Runs;

public sealed class CommandLineTests : IDisposable
{
    private readonly string _file = Path.GetTempFileName();
    private readonly StringWriter _output = new();

    public void Dispose() => File.Delete(_file);

    [Theory]
    [InlineData("--workload nothing --nemesis kill", "--workload nothing: there is no such workload; known are {every workload}")]
    [InlineData("--workload cas --nemesis kill,rain", "--nemesis rain: there is no such nemesis; known are kill, pause, partition, power, disk, clock, transfer, none")]
    [InlineData("--nemesis kill", "--workload is missing; known are {workloads}")]
    [InlineData("--workload cas --nemesis kill --time 0s", "--time 0s: expected a time such as 500ms, 60s, 5m or 2h, from 1 s to 24 h")]
    [InlineData("--workload cas --nemesis kill --time soon", "--time soon: expected a time such as 500ms, 60s, 5m or 2h, from 1 s to 24 h")]
    [InlineData("--workload cas --nemesis kill --nodes 4", "--nodes 4: expected 3 or 5")]
    [InlineData("--workload cas --nemesis kill --out /", "--out /: exists already")]
    [InlineData("--workload cas --nemesis kill --color red", "--color: unknown option; known are --workload, --nemesis, --time, --nodes, --clients, --seed, --out, --plant, --server")]
    [InlineData("--workload cas --nemesis", "--nemesis: expected a value after it")]
    public async Task A_wrong_command_line_is_refused_in_one_line(string line, string message)
    {
        var e = await Assert.ThrowsAsync<UsageException>(() => RunCommand.RunAsync(line.Split(' '), _output, CancellationToken.None));
        Assert.Equal(message.Replace("{workloads}", Names(WorkloadList.All), StringComparison.Ordinal).Replace("{every workload}", Names(WorkloadList.All.Concat(WorkloadList.Demonstrations)), StringComparison.Ordinal), e.Message);
    }

    private static string Names(IEnumerable<WorkloadKind> workloads) => string.Join(", ", workloads.Select(workload => workload.Name));

    [Fact]
    public async Task A_soak_refuses_an_unknown_workload() =>
        await Assert.ThrowsAsync<UsageException>(() => SoakCommand.RunAsync(["--workload", "nothing"], _output, CancellationToken.None));

    [Theory]
    [InlineData("2m", 120)]
    [InlineData("1.5s", 1.5)]
    [InlineData("2500ms", 2.5)]
    [InlineData("30", 30)]
    public void Times_have_units(string text, double seconds) =>
        Assert.Equal(TimeSpan.FromSeconds(seconds), new Arguments(["--time", text], "time").Duration("time", default, TimeSpan.Zero, TimeSpan.FromHours(1)));

    [Fact]
    public void Check_tells_the_verdict_of_a_history_by_its_exit_code()
    {
        Write(Put(1, "a", 0, 10), Put(2, "b", 20, 30), Get(3, "a", 40, 50));
        Assert.Equal(1, CheckCommand.Run([_file], _output, CancellationToken.None));
        Assert.Equal("NotLinearizable", LastLine());
        Write(Put(1, "a", 0, 10), Get(3, "a", 40, 50));
        Assert.Equal(0, CheckCommand.Run([_file], _output, CancellationToken.None));
        Assert.Equal("Linearizable", LastLine());
    }

    [Fact]
    public void A_history_in_which_nothing_succeeded_is_no_pass()
    {
        Write(Put(1, "a", 0, 10) with { Outcome = Outcome.Unknown }, Get(2, "a", 0, 10) with { Outcome = Outcome.Failed });
        Assert.Equal(1, CheckCommand.Run([_file], _output, CancellationToken.None));
        Assert.Equal("Unknown (no operation succeeded)", LastLine());
    }

    [Theory]
    [InlineData("register")]
    [InlineData("cas")]
    [InlineData("counter")]
    [InlineData("set")]
    public void A_broken_line_is_named(string workload)
    {
        File.WriteAllText(_file, "# a comment\n\n{\"client\":1,\n");
        var e = Assert.Throws<UsageException>(() => CheckCommand.Run([_file, "--workload", workload], _output, CancellationToken.None));
        Assert.StartsWith($"{_file}:3: not JSON", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_missing_history_is_a_wrong_command_line() =>
        Assert.Contains("cannot be read", Assert.Throws<UsageException>(() => CheckCommand.Run(["/nowhere/at.all"], _output, CancellationToken.None)).Message, StringComparison.Ordinal);

    [Fact]
    public void The_verdict_line_names_what_was_skipped() =>
        Assert.Equal("Unknown (no fault could be made; skipped power: needs root (loop devices))",
            new RunResult(Verdict.Unknown, "no fault could be made", "") { Skipped = [("power", "needs root (loop devices)")] }.ToString());

    [Fact]
    public void What_is_recorded_is_what_the_checker_reads()
    {
        Entry[] entries = [Put(1, "a", 0, 10), Get(2, null, 0, 10), Put(3, "b", 5, 15) with { Outcome = Outcome.Unknown, Error = "no answer" }];
        Write(entries);
        Assert.Equal([Outcome.Completed, Outcome.Completed, Outcome.Unknown], History.Read(_file).Operations.Select(o => o.Outcome));
        Assert.Equal(entries.Select(e => (e.Client, e.Op, e.Call, e.Return, e.Outcome)), HistoryFile.Read(_file).Select(e => (e.Client, e.Op, e.Call, e.Return, e.Outcome)));
    }

    private static Entry Put(int client, string value, long call, long end) => new() { Client = client, Key = "k", Op = "put", In = value, Call = call, Return = end, Outcome = Outcome.Completed };

    private static Entry Get(int client, string? value, long call, long end) => new() { Client = client, Key = "k", Op = "get", Out = value, Call = call, Return = end, Outcome = Outcome.Completed };

    private string LastLine() => _output.ToString().TrimEnd().Split('\n')[^1].TrimEnd();

    private void Write(params Entry[] entries)
    {
        using var file = File.Create(_file);
        HistoryFile.Write(file, entries);
    }
}
