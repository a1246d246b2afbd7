using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using KvStore.Cli.Local;

namespace KvStore.Cli.Tests;

public sealed class LocalTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("kvctl-test-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public async Task A_missing_server_is_one_line()
    {
        var run = await LocalAsync("up", server: "/no/such/KvStore.Server.dll");
        Assert.Equal((1, "kvctl: KVSTORE_SERVER is /no/such/KvStore.Server.dll, but there is no such file\n"), (run.ExitCode, run.Error));
    }

    [Fact]
    public async Task A_left_over_data_directory_is_one_line()
    {
        Directory.CreateDirectory(Path.Combine(_directory, "node-1"));
        var run = await LocalAsync("up", server: typeof(Kvctl).Assembly.Location);
        Assert.Equal(1, run.ExitCode);
        Assert.Matches("^kvctl: .*node-1 is left over from another cluster; remove it: .*\n$", run.Error);
        Assert.True(Directory.Exists(Path.Combine(_directory, "node-1")));
        Assert.Equal(0, (await LocalAsync("down --wipe")).ExitCode);
        Assert.False(Directory.Exists(Path.Combine(_directory, "node-1")));
        Directory.CreateDirectory(_directory);
    }

    [Fact]
    public async Task A_port_in_use_is_one_line_and_leaves_nothing_behind()
    {
        using var taken = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        taken.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        taken.Listen();
        var port = ((IPEndPoint)taken.LocalEndPoint!).Port;
        if (port > 65_000) return;
        var run = await LocalAsync($"up --nodes 1 --base-port {port}", server: typeof(Kvctl).Assembly.Location);
        Assert.Equal((1, $"kvctl: port {port}, which node 1 needs, is in use; stop what uses it, or choose others with --base-port\n"), (run.ExitCode, run.Error));
        Assert.Empty(Directory.EnumerateFileSystemEntries(_directory));
    }

    [Theory]
    [InlineData("status", 1)]
    [InlineData("kill 1", 1)]
    [InlineData("restart 1", 1)]
    [InlineData("down", 0)]
    public async Task Without_a_cluster_commands_say_so(string command, int code)
    {
        var run = await LocalAsync(command, server: typeof(Kvctl).Assembly.Location);
        Assert.Equal(code, run.ExitCode);
        Assert.Contains("there is no cluster in", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_process_that_got_a_dead_nodes_number_is_left_alone()
    {
        var store = new LocalStore(_directory, _directory);
        var node = new LocalNode(1, Environment.ProcessId, "127.0.0.1:1", "127.0.0.1:2", "127.0.0.1:3", store.ConfigFile(1), "log");
        store.Write(new LocalState(LocalState.CurrentVersion, "t", 1, [node]));
        Assert.Equal(ProcessState.Stopped, NodeProcess.StateOf(node));
        var run = await LocalAsync("kill 1");
        Assert.Equal((1, "kvctl: node 1 does not run; start it: kvctl local restart 1\n"), (run.ExitCode, run.Error));
        Assert.Equal(0, (await LocalAsync("down")).ExitCode);
        Assert.Equal(3, (await LocalAsync("kill 7")).ExitCode);
    }

    [Fact]
    public async Task Signals_reach_a_nodes_process()
    {
        var store = new LocalStore(_directory, _directory);
        using var process = Process.Start(new ProcessStartInfo("/bin/sh", ["-c", "read never", store.ConfigFile(1)]) { RedirectStandardInput = true })!;
        var node = new LocalNode(1, process.Id, "127.0.0.1:1", "127.0.0.1:2", "127.0.0.1:3", store.ConfigFile(1), "log");
        store.Write(new LocalState(LocalState.CurrentVersion, "t", 1, [node]));
        Assert.Equal(0, (await LocalAsync("pause 1")).ExitCode);
        Assert.True(SpinWait.SpinUntil(() => NodeProcess.StateOf(node) == ProcessState.Paused, TimeSpan.FromSeconds(60)));
        Assert.Equal(0, (await LocalAsync("resume 1")).ExitCode);
        Assert.True(SpinWait.SpinUntil(() => NodeProcess.StateOf(node) == ProcessState.Running, TimeSpan.FromSeconds(60)));
        Assert.Equal(0, (await LocalAsync("kill 1")).ExitCode);
        Assert.Equal(ProcessState.Stopped, NodeProcess.StateOf(node));
        await process.WaitForExitAsync();
        Assert.Equal(128 + 9, process.ExitCode);
    }

    [Fact]
    public async Task A_damaged_state_file_is_one_line()
    {
        await File.WriteAllTextAsync(Path.Combine(_directory, "cluster.json"), "{");
        var run = await LocalAsync("status");
        Assert.Equal(1, run.ExitCode);
        Assert.Contains("cluster.json is damaged", run.Error, StringComparison.Ordinal);
    }

    private Task<CliRun> LocalAsync(string command, string server = "") =>
        CliRun.OfAsync(["local", .. command.Split(' '), "--directory", _directory], environment: new() { ["KVSTORE_SERVER"] = server });
}
