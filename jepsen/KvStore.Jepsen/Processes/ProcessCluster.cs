using System.Net;
using System.Net.Sockets;

namespace KvStore.Jepsen.Processes;

/// <summary>
/// A cluster of real node processes on loopback, each with ports and a data directory of its own. Whatever it started it stops on Dispose.
/// </summary>
internal sealed class ProcessCluster : IAsyncDisposable
{
    private static readonly TimeSpan ReadyTimeout = TimeSpan.FromSeconds(60);
    private readonly HttpClient _http = new() { Timeout = TimeSpan.FromSeconds(2) };
    private readonly string _directory;

    private ProcessCluster(string directory, IReadOnlyList<NodeProcess> nodes)
    {
        _directory = directory;
        Nodes = nodes;
    }

    public IReadOnlyList<NodeProcess> Nodes { get; }

    public IEnumerable<string> Endpoints => Nodes.Select(n => $"http://127.0.0.1:{n.ClientPort}");

    /// <summary>Makes configurations and starts all nodes; returns when they serve.</summary>
    public static async Task<ProcessCluster> StartAsync(string serverDll, int nodes, string directory, CancellationToken cancellationToken)
    {
        var ports = FreePorts(nodes * 3);
        var founders = string.Join(", ", Enumerable.Range(0, nodes).Select(i =>
            $$"""{ "NodeId": {{i + 1}}, "ClientAddress": "127.0.0.1:{{ports[i * 3]}}", "PeerAddress": "127.0.0.1:{{ports[i * 3 + 1]}}" }"""));
        var processes = new List<NodeProcess>();
        for (var i = 0; i < nodes; i++)
        {
            var home = Path.Combine(directory, $"node-{i + 1}");
            Directory.CreateDirectory(home);
            var configuration = Path.Combine(home, "node.json");
            await File.WriteAllTextAsync(configuration, $$"""
                {
                  "NodeId": {{i + 1}}, "DataDirectory": "{{Path.Combine(home, "data")}}", "Token": "test",
                  "ClientAddress": "127.0.0.1:{{ports[i * 3]}}", "PeerAddress": "127.0.0.1:{{ports[i * 3 + 1]}}", "HttpAddress": "127.0.0.1:{{ports[i * 3 + 2]}}",
                  "WalSegmentMebibytes": 16, "CheckpointLogMebibytes": 4, "Founders": [ {{founders}} ]
                }
                """, cancellationToken).ConfigureAwait(false);
            processes.Add(new NodeProcess(i + 1, serverDll, configuration, Path.Combine(home, "log"), ports[i * 3], ports[i * 3 + 2]));
        }

        var cluster = new ProcessCluster(directory, processes);
        try
        {
            foreach (var process in processes) process.Start();
            await cluster.WaitReadyAsync(cancellationToken).ConfigureAwait(false);
            return cluster;
        }
        catch
        {
            await cluster.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Until every running node answers /readyz with 200.</summary>
    /// <exception cref="TimeoutException">A node did not become ready; its last answer and the end of its log are in the message.</exception>
    public async Task WaitReadyAsync(CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(ReadyTimeout);
        foreach (var node in Nodes.Where(n => n.IsRunning))
        {
            var last = "no answer";
            while (true)
            {
                if (!node.IsRunning) throw new InvalidOperationException($"node {node.Id} ended by itself (exit code {node.ExitCode}):\n{node.LogTail()}");
                try
                {
                    using var answer = await _http.GetAsync(new Uri($"http://127.0.0.1:{node.HttpPort}/readyz"), limit.Token).ConfigureAwait(false);
                    if (answer.IsSuccessStatusCode) break;
                    last = (await answer.Content.ReadAsStringAsync(limit.Token).ConfigureAwait(false)).Trim();
                }
                catch (HttpRequestException e)
                {
                    last = e.Message;
                }
                catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
                {
                    if (limit.IsCancellationRequested) throw new TimeoutException($"node {node.Id} is not ready after {ReadyTimeout.TotalSeconds} s: {last}\n{node.LogTail()}");
                    last = "did not answer within 2 s";
                }

                await Task.Delay(20, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var node in Nodes) node.Kill();
        _http.Dispose();
        await Task.CompletedTask.ConfigureAwait(false);
    }

    /// <summary>Removes the data; after Dispose.</summary>
    public void Wipe() => Directory.Delete(_directory, recursive: true);

    // Taken and given back at once: another program could take one in between, and then the node says so.
    private static int[] FreePorts(int count)
    {
        var listeners = Enumerable.Range(0, count).Select(_ => new TcpListener(IPAddress.Loopback, 0)).ToList();
        try
        {
            foreach (var listener in listeners) listener.Start();
            return [.. listeners.Select(l => ((IPEndPoint)l.LocalEndpoint).Port)];
        }
        finally
        {
            foreach (var listener in listeners) listener.Dispose();
        }
    }
}
