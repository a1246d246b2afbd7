using System.Net;
using System.Net.Sockets;
using KvStore.Server.Configuration;
using KvStore.Storage.FileSystem;
using Microsoft.Extensions.Logging.Abstractions;

namespace KvStore.Server.Tests.EndToEnd;

/// <summary>A node alone in its cluster, in this process, on real sockets and a real disk.</summary>
public sealed class SingleNode : IAsyncLifetime
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private readonly string _home = Directory.CreateTempSubdirectory("kvstore-server-").FullName;
    private KvStoreServer? _server;

    public SingleNode()
    {
        var ports = FreePorts(3);
        Options = new KvStoreServerOptions
        {
            DataDirectory = Path.Combine(_home, "data"),
            ClientAddress = $"127.0.0.1:{ports[0]}",
            PeerAddress = $"127.0.0.1:{ports[1]}",
            HttpAddress = $"127.0.0.1:{ports[2]}",
            HeartbeatMilliseconds = 20,
            ElectionTimeoutMinMilliseconds = 60,
            ElectionTimeoutMaxMilliseconds = 120,
            WalSegmentMebibytes = 4,
            DiskReserveMebibytes = 1,
        };
    }

    public KvStoreServerOptions Options { get; set; }

    public string Endpoint => $"http://{Options.ClientAddress}";

    public async Task InitializeAsync() => _server = await StartAsync(Options);

    public async Task DisposeAsync()
    {
        await StopAsync();
        Directory.Delete(_home, recursive: true);
    }

    public async Task StopAsync()
    {
        if (_server is null) return;
        await _server.StopAsync(CancellationToken.None);
        await _server.DisposeAsync();
        _server = null;
    }

    /// <summary>Ends the node without a word to its clients, as far as a process can do that to a part of itself.</summary>
    public async Task CrashAsync()
    {
        if (_server is not null) await _server.DisposeAsync();
        _server = null;
    }

    /// <summary>Starts a node and waits until it serves.</summary>
    public static Task<KvStoreServer> StartAsync(KvStoreServerOptions options) => StartAsync(options, FileSystems.ForThisPlatform());

    /// <summary>The same on a disk of the test's.</summary>
    internal static async Task<KvStoreServer> StartAsync(KvStoreServerOptions options, IFileSystem disk)
    {
        var server = new KvStoreServer(options, NullLoggerFactory.Instance) { Files = disk };
        try
        {
            await server.StartAsync(CancellationToken.None);
            using var http = new HttpClient();
            var end = DateTime.UtcNow + Patience;
            while (server.NotReadyReason is { } reason)
            {
                if (DateTime.UtcNow > end) throw new TimeoutException($"the node is not ready: {reason}");
                await Task.Yield();
            }

            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    public static int[] FreePorts(int count)
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
