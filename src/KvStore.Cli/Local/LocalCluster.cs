using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using KvStore.Cli.Output;
using KvStore.Client;

namespace KvStore.Cli.Local;

internal enum DataAfterwards
{
    Kept,
    Wiped,
}

/// <summary>Nodes on this machine: started in the background, found again by `cluster.json`.</summary>
internal sealed class LocalCluster(string directory, string shownDirectory, CommandContext context)
{
    private const int PeerPortOffset = 100;
    private const int HttpPortOffset = 200;
    private static readonly TimeSpan ReadyTimeout = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan StopTimeout = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan KillTimeout = TimeSpan.FromSeconds(5);

    private readonly LocalStore _store = new(directory, shownDirectory);
    private readonly TextWriter _progress = context.Console.Error;

    public async Task<ExitCode> UpAsync(int nodes, int basePort, CancellationToken cancellationToken)
    {
        var server = ServerBinary.Find(context.Console);
        var state = _store.Read();
        if (state is not null && (state.Nodes.Count != nodes || state.BasePort != basePort))
            throw new CommandException(ExitCode.Error, $"{_store.Shown} holds a cluster of {state.Nodes.Count} nodes from port {state.BasePort}; start it with --nodes {state.Nodes.Count} --base-port {state.BasePort}, or remove it: kvctl local down --wipe");
        if (state is null && _store.LeftOver() is { } left)
            throw new CommandException(ExitCode.Error, $"{left} is left over from another cluster; remove it: kvctl local down --wipe --directory {_store.Shown}");
        state ??= Create(nodes, basePort);
        var wasUp = state.Nodes.All(n => NodeProcess.StateOf(n) == ProcessState.Running);
        var started = wasUp ? [] : StartStopped(server, state);
        await WaitUntilReadyAsync(state, started, cancellationToken).ConfigureAwait(false);
        _progress.WriteLine(wasUp ? "the cluster is up already" : "the cluster is up");
        await StatusAsync(cancellationToken).ConfigureAwait(false);
        if (context.Format == OutputFormat.Text) context.Console.Write("\nTry:\n  kvctl put greeting hello\n  kvctl get greeting\n  kvctl cluster status\n");
        return ExitCode.Ok;
    }

    public async Task<ExitCode> DownAsync(DataAfterwards data, CancellationToken cancellationToken)
    {
        var state = _store.Read();
        if (state is null)
        {
            _progress.WriteLine($"there is no cluster in {_store.Shown}");
        }
        else
        {
            await Task.WhenAll(state.Nodes.Select(n => StopAsync(n, cancellationToken))).ConfigureAwait(false);
            _store.Write(state with { Nodes = [.. state.Nodes.Select(n => n with { ProcessId = 0 })] });
            _progress.WriteLine("the cluster is down");
        }
        if (data == DataAfterwards.Wiped)
        {
            _store.Wipe();
            _progress.WriteLine($"its data in {_store.Shown} is removed");
        }
        return ExitCode.Ok;
    }

    public async Task<ExitCode> StatusAsync(CancellationToken cancellationToken)
    {
        if (_store.Read() is not { } state) throw new CommandException(ExitCode.Error, $"there is no cluster in {_store.Shown}; start one: kvctl local up");
        await using var client = ClientOf(state);
        var rows = await Task.WhenAll(state.Nodes.Select(async node =>
        {
            var process = NodeProcess.StateOf(node);
            var answers = process == ProcessState.Running ? (await NodeStates.AskAsync(client, node, cancellationToken).ConfigureAwait(false)) : process.ToString().ToLowerInvariant();
            return new object?[] { node.NodeId, process == ProcessState.Stopped ? "-" : node.ProcessId, answers, node.ClientAddress, node.HttpAddress };
        })).ConfigureAwait(false);
        context.Print(CommandResult.List(["node", "process", "state", "clients", "http"], rows));
        return ExitCode.Ok;
    }

    public async Task<ExitCode> KillAsync(int number)
    {
        var node = Running(number);
        await KillAsync(node).ConfigureAwait(false);
        _progress.WriteLine($"node {number} is killed");
        return ExitCode.Ok;
    }

    public Task<ExitCode> PauseAsync(int number)
    {
        NodeProcess.Signal(Running(number), NodeProcess.SignalStop);
        _progress.WriteLine($"node {number} is paused");
        return Task.FromResult(ExitCode.Ok);
    }

    public Task<ExitCode> ResumeAsync(int number)
    {
        NodeProcess.Signal(Running(number), NodeProcess.SignalContinue);
        _progress.WriteLine($"node {number} goes on");
        return Task.FromResult(ExitCode.Ok);
    }

    public async Task<ExitCode> RestartAsync(int number, CancellationToken cancellationToken)
    {
        var server = ServerBinary.Find(context.Console);
        var (state, node) = Find(number);
        await StopAsync(node, cancellationToken).ConfigureAwait(false);
        var process = NodeProcess.Start(server, node);
        Remember(state, node, process.Id);
        await WaitUntilReadyAsync(state with { Nodes = [node with { ProcessId = process.Id }] }, new() { [number] = process }, cancellationToken).ConfigureAwait(false);
        return ExitCode.Ok;
    }

    private LocalState Create(int nodes, int basePort)
    {
        var token = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));
        var created = Enumerable.Range(1, nodes).Select(n => new LocalNode(n, 0, At(basePort + n - 1), At(basePort + PeerPortOffset + n - 1), At(basePort + HttpPortOffset + n - 1),
            _store.ConfigFile(n), Path.Combine(_store.DataDirectory(n), "log"))).ToList();
        foreach (var node in created) CheckPorts(node);
        var founders = created.Select(n => new NodeFounder(n.NodeId, n.ClientAddress, n.PeerAddress)).ToList();
        foreach (var node in created) _store.WriteConfig(new NodeConfig(node.NodeId, _store.DataDirectory(node.NodeId), node.ClientAddress, node.PeerAddress, node.HttpAddress, token, founders));
        var state = new LocalState(LocalState.CurrentVersion, token, basePort, created);
        _store.Write(state);
        return state;
    }

    private Dictionary<int, Process> StartStopped(string server, LocalState state)
    {
        var started = new Dictionary<int, Process>();
        foreach (var node in state.Nodes.ToArray())
        {
            if (NodeProcess.StateOf(node) == ProcessState.Paused) NodeProcess.Signal(node, NodeProcess.SignalContinue);
            if (NodeProcess.StateOf(node) != ProcessState.Stopped) continue;
            CheckPorts(node);
            var process = NodeProcess.Start(server, node);
            started.Add(node.NodeId, process);
            Remember(state, node, process.Id);
        }
        return started;
    }

    private async Task WaitUntilReadyAsync(LocalState state, Dictionary<int, Process> started, CancellationToken cancellationToken)
    {
        await using var client = ClientOf(state);
        var begin = Stopwatch.GetTimestamp();
        var waiting = state.Nodes.ToList();
        if (started.Count > 0) _progress.WriteLine($"starting {(started.Count == 1 ? "1 node" : $"{started.Count} nodes")} …");
        while (true)
        {
            string reason = "";
            foreach (var node in waiting.ToArray())
            {
                if (started.TryGetValue(node.NodeId, out var process) && process.HasExited) throw new CommandException(ExitCode.Error, $"node {node.NodeId} ended with exit code {process.ExitCode}: {LastLine(node)}");
                reason = await NodeStates.AskAsync(client, node, cancellationToken).ConfigureAwait(false);
                if (reason != NodeStates.Ready) continue;
                waiting.Remove(node);
                if (started.Count > 0) _progress.WriteLine($"node {node.NodeId} is ready");
            }
            if (waiting.Count == 0) return;
            if (Stopwatch.GetElapsedTime(begin) > ReadyTimeout) throw new CommandException(ExitCode.Error, $"node {waiting[^1].NodeId} does not serve after {ReadyTimeout.TotalSeconds:0} s: {reason}; see {waiting[^1].LogFile}");
            await Task.Delay(50, cancellationToken).ConfigureAwait(false);
        }
    }

    private static async Task StopAsync(LocalNode node, CancellationToken cancellationToken)
    {
        NodeProcess.Signal(node, NodeProcess.SignalContinue);
        if (!NodeProcess.Signal(node, NodeProcess.SignalTerminate)) return;
        if (await NodeProcess.HasEndedAsync(node, StopTimeout).ConfigureAwait(false)) return;
        cancellationToken.ThrowIfCancellationRequested();
        await KillAsync(node).ConfigureAwait(false);
    }

    private static async Task KillAsync(LocalNode node)
    {
        if (NodeProcess.Signal(node, NodeProcess.SignalKill) && !await NodeProcess.HasEndedAsync(node, KillTimeout).ConfigureAwait(false))
            throw new CommandException(ExitCode.Error, $"node {node.NodeId} (process {node.ProcessId}) does not end");
    }

    private (LocalState State, LocalNode Node) Find(int number)
    {
        var state = _store.Read() ?? throw new CommandException(ExitCode.Error, $"there is no cluster in {_store.Shown}; start one: kvctl local up");
        var node = state.Nodes.FirstOrDefault(n => n.NodeId == number) ?? throw new CommandException(ExitCode.NotFound, $"there is no node {number}; the nodes are 1 to {state.Nodes.Count}");
        return (state, node);
    }

    private LocalNode Running(int number)
    {
        var (_, node) = Find(number);
        return NodeProcess.StateOf(node) != ProcessState.Stopped ? node : throw new CommandException(ExitCode.Error, $"node {number} does not run; start it: kvctl local restart {number}");
    }

    private void Remember(LocalState state, LocalNode node, int processId)
    {
        state.Nodes[state.Nodes.FindIndex(n => n.NodeId == node.NodeId)] = node with { ProcessId = processId };
        _store.Write(state);
    }

    private static void CheckPorts(LocalNode node)
    {
        foreach (var address in (string[])[node.ClientAddress, node.PeerAddress, node.HttpAddress])
        {
            var endpoint = IPEndPoint.Parse(address);
            using var socket = new Socket(endpoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
            socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
            try
            {
                socket.Bind(endpoint);
                socket.Listen();
            }
            catch (SocketException)
            {
                throw new CommandException(ExitCode.Error, $"port {endpoint.Port}, which node {node.NodeId} needs, is in use; stop what uses it, or choose others with --base-port");
            }
        }
    }

    private static string LastLine(LocalNode node)
    {
        var lines = File.Exists(node.LogFile) ? File.ReadLines(node.LogFile).Where(l => !string.IsNullOrWhiteSpace(l)).TakeLast(1).ToArray() : [];
        return lines.Length > 0 ? lines[0].Trim() : $"its log {node.LogFile} is empty";
    }

    private static string At(int port) => string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{port}");

    private static KvClient ClientOf(LocalState state) => KvClient.Create(state.Nodes.Select(n => n.ClientAddress));

    private static class NodeStates
    {
        public const string Ready = "ready";
        private static readonly TimeSpan AskTimeout = TimeSpan.FromSeconds(1);

        /// <summary>Ready, or why not.</summary>
        public static async Task<string> AskAsync(KvClient client, LocalNode node, CancellationToken cancellationToken)
        {
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            limit.CancelAfter(AskTimeout);
            try
            {
                var status = await client.Cluster.StatusAsync(node.ClientAddress, limit.Token).ConfigureAwait(false);
                if (status.NodeId != (ulong)node.NodeId) return $"another node ({status.NodeId}) answers at {node.ClientAddress}";
                return status.Ready ? Ready : status.NotReadyReason.Length > 0 ? status.NotReadyReason : "not ready";
            }
            catch (Exception e) when (e is KvException || (e is OperationCanceledException && !cancellationToken.IsCancellationRequested))
            {
                return "no answer";
            }
        }
    }
}
