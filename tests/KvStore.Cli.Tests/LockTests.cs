using KvStore.Client;

namespace KvStore.Cli.Tests;

public sealed class LockTests
{
    [Theory]
    [InlineData("backup:7", "backup", 7)]
    [InlineData("a:b:12", "a:b", 12)]
    public void A_fence_is_a_name_and_a_token(string text, string name, ulong token) => Assert.Equal(new KvFence(name, token), FenceOption.Parse(text));

    [Theory]
    [InlineData("backup")]
    [InlineData(":7")]
    [InlineData("backup:0")]
    [InlineData("backup:-1")]
    [InlineData("backup:x")]
    public async Task Anything_else_is_wrong_usage(string text)
    {
        var run = await CliRun.OfAsync(["put", "a", "b", "--fence", text]);
        Assert.Equal((2, $"kvctl: --fence: '{text}' is no fence; write it like backup:4711, the lock's name and its fencing token\n"), (run.ExitCode, run.Error));
    }

    [Theory]
    [InlineData("exit 42", 42)]
    [InlineData("test \"$KVCTL_LOCK:$KVCTL_FENCING_TOKEN\" = backup:7", 0)]
    public async Task A_held_command_has_the_lock_in_its_environment_and_its_exit_code_is_told(string script, int code)
    {
        (string, string)[] variables = [("KVCTL_LOCK", "backup"), ("KVCTL_FENCING_TOKEN", "7")];
        Assert.Equal(code, await HeldCommand.RunAsync(["sh", "-c", script], variables, Silent(), CancellationToken.None));
    }

    [Fact]
    public async Task A_held_command_is_terminated_when_the_lock_is_lost()
    {
        using var lost = new CancellationTokenSource();
        var running = HeldCommand.RunAsync(["sleep", "1000"], [], Silent(), lost.Token);
        await lost.CancelAsync();
        Assert.Equal(128 + Signals.Terminate, await running);
    }

    [Fact]
    public async Task A_command_that_is_not_there_is_told_as_shells_do() => Assert.Equal(127, await HeldCommand.RunAsync(["/no/such/program"], [], Silent(), CancellationToken.None));

    [Fact]
    public async Task Times_of_a_lock_are_checked()
    {
        Assert.Contains("--ttl: 10ms is too short", (await CliRun.OfAsync(["lock", "a", "--ttl", "10ms"])).Error, StringComparison.Ordinal);
        Assert.Equal(2, (await CliRun.OfAsync(["lock", "a", "--wait", "soon"])).ExitCode);
    }

    private static CliConsole Silent() => new(Stream.Null, TextWriter.Null, Stream.Null, _ => null);
}
