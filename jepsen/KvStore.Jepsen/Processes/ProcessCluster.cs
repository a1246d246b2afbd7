using KvStore.Jepsen.Disks;
using KvStore.Jepsen.Network;

namespace KvStore.Jepsen.Processes;

/// <summary>
/// A cluster of real node processes on loopback, each with ports and a data directory of its own. Whatever it started it stops on Dispose.
/// </summary>
internal sealed class ProcessCluster : IAsyncDisposable
{
    private const int UsageExitCode = 2;
    private static readonly TimeSpan ReadyTimeout = TimeSpan.FromSeconds(120);
    private readonly HttpClient _http = new() { Timeout = TimeSpan.FromSeconds(2) };
    private readonly ClusterOptions _options;
    private readonly PortBlock _ports;
    private readonly ProcessGuard _guard;
    private readonly NodeConfiguration _configuration;
    private bool _disposed;

    private ProcessCluster(ClusterOptions options)
    {
        _options = options;
        _ports = PortBlock.Claim(options.Nodes * 5);
        var all = Enumerable.Range(0, options.Nodes).Select(n => PortsOf(n * 5)).ToList();
        _configuration = new NodeConfiguration(Guid.NewGuid().ToString("N"), all);
        _guard = new ProcessGuard();
        Network = options.Wiring == Wiring.Proxies ? new ProxyNetwork(all) : null;
        Nodes = [.. all.Select((ports, n) => new NodeProcess(n + 1, options.Server, Path.Combine(HomeOf(n), "node.json"), Path.Combine(HomeOf(n), "log"), ports, _guard) { Environment = options.Environment })];
        Disks = [.. all.Select((_, n) => NodeDisk.Of(options.Disk, HomeOf(n)))];
    }

    public IReadOnlyList<NodeProcess> Nodes { get; }

    /// <summary>What each node's data lies on, in the order of <see cref="Nodes"/>.</summary>
    public IReadOnlyList<INodeDisk> Disks { get; }

    /// <summary>Null without proxies.</summary>
    public ProxyNetwork? Network { get; }

    /// <summary>What clients dial.</summary>
    public IEnumerable<string> Endpoints => Nodes.Select(n => $"http://127.0.0.1:{n.Ports.Client}");

    /// <summary>Makes configurations and starts all nodes; returns when they serve.</summary>
    public static async Task<ProcessCluster> StartAsync(ClusterOptions options, CancellationToken cancellationToken)
    {
        var cluster = new ProcessCluster(options);
        try
        {
            for (var n = 0; n < options.Nodes; n++)
            {
                Directory.CreateDirectory(cluster.HomeOf(n));
                await cluster.Disks[n].CreateAsync(cancellationToken).ConfigureAwait(false);
                cluster.SetClock(n, options.Clock?.Invoke(n) ?? NodeClock.Right);
            }

            foreach (var node in cluster.Nodes) node.Start();
            await cluster.WaitReadyAsync(cancellationToken).ConfigureAwait(false);
            return cluster;
        }
        catch
        {
            await cluster.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Holds from the next start of the n-th node, from 0.</summary>
    public void SetClock(int n, NodeClock clock) => _configuration.Write(Nodes[n].ConfigurationFile, n, Disks[n].DataDirectory, clock);

    /// <summary>Until every running node answers /readyz with 200.</summary>
    /// <exception cref="TimeoutException">A node did not become ready; its last answer and the end of its log are in the message.</exception>
    /// <exception cref="InvalidOperationException">A node ended by itself.</exception>
    /// <exception cref="UsageException">A node does not take its settings, such as the name of a planted bug.</exception>
    public async Task WaitReadyAsync(CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(ReadyTimeout);
        foreach (var node in Nodes)
        {
            var last = "no answer";
            while (true)
            {
                if (node is { EndedByItself: true, ExitCode: UsageExitCode }) throw new UsageException($"node {node.Id} refuses its settings: {node.LastLine()}");
                if (node.EndedByItself) throw new InvalidOperationException($"node {node.Id} ended by itself (exit code {node.ExitCode}):\n{node.LogTail()}");
                if (!node.IsRunning) break;
                try
                {
                    using var answer = await _http.GetAsync(new Uri($"http://127.0.0.1:{node.Ports.Http}/readyz"), limit.Token).ConfigureAwait(false);
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

    /// <summary>Ends every fault and starts what is down. Returns before the nodes serve.</summary>
    public void Heal()
    {
        Network?.Heal();
        foreach (var node in Nodes)
        {
            node.Resume();
            if (!node.IsRunning && !node.EndedByItself) node.Start();
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_disposed) return;
        _disposed = true;
        // First what lets a stopped process die.
        foreach (var disk in Disks) await disk.ReleaseAsync().ConfigureAwait(false);
        foreach (var node in Nodes) node.Kill();
        foreach (var disk in Disks) await disk.DisposeAsync().ConfigureAwait(false);
        if (Network is not null) await Network.DisposeAsync().ConfigureAwait(false);
        _guard.Dispose();
        _ports.Dispose();
        _http.Dispose();
    }

    /// <summary>Removes data, configurations and logs; after Dispose.</summary>
    public void Wipe() => Directory.Delete(_options.Directory, recursive: true);

    private string HomeOf(int n) => Path.Combine(_options.Directory, $"node-{n + 1}");

    private NodePorts PortsOf(int first) => _options.Wiring == Wiring.Proxies
        ? new NodePorts(_ports[first], _ports[first + 1], _ports[first + 2], _ports[first + 3], _ports[first + 4])
        : new NodePorts(_ports[first], _ports[first + 1], _ports[first], _ports[first + 1], _ports[first + 4]);
}
