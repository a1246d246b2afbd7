using KvStore.Client;
using KvStore.Jepsen.Processes;
using KvStore.Server.Configuration;
using KvStore.Storage.FileSystem;
using Microsoft.Extensions.Logging.Abstractions;

namespace KvStore.Server.Tests.EndToEnd;

/// <summary>A node alone in its cluster, in this process, on real sockets and a real disk.</summary>
public sealed class SingleNode : IAsyncLifetime
{
    private readonly string _home = Directory.CreateTempSubdirectory("kvstore-server-").FullName;
    private readonly PortBlock _ports = PortBlock.Claim(5);
    private KvStoreServer? _server;

    public SingleNode()
    {
        Options = new KvStoreServerOptions
        {
            DataDirectory = Path.Combine(_home, "data"),
            ClientAddress = $"127.0.0.1:{_ports[0]}",
            PeerAddress = $"127.0.0.1:{_ports[1]}",
            HttpAddress = $"127.0.0.1:{_ports[2]}",
            HeartbeatMilliseconds = 20,
            ElectionTimeoutMinMilliseconds = 60,
            ElectionTimeoutMaxMilliseconds = 120,
            WalSegmentMebibytes = 4,
            DiskReserveMebibytes = 1,
        };
    }

    public KvStoreServerOptions Options { get; set; }

    /// <summary>An address that the node does not use, and nobody else.</summary>
    public string SpareAddress => $"127.0.0.1:{_ports[3]}";

    /// <summary>Another one.</summary>
    public string OtherSpareAddress => $"127.0.0.1:{_ports[4]}";

    public string Endpoint => $"http://{Options.ClientAddress}";

    public async Task InitializeAsync() => _server = await StartAsync(Options);

    /// <summary>A client whose calls outlast a busy machine.</summary>
    /// <param name="time">Its clock; null: the machine's.</param>
    /// <param name="transport">How its operations travel.</param>
    public Task<KvClient> ConnectAsync(TimeProvider? time = null, KvTransport transport = KvTransport.Session) => ConnectAsync([Endpoint], time, transport);

    /// <inheritdoc cref="ConnectAsync(TimeProvider?, KvTransport)"/>
    public static Task<KvClient> ConnectAsync(IEnumerable<string> endpoints, TimeProvider? time = null, KvTransport transport = KvTransport.Session) =>
        KvClient.ConnectAsync(endpoints, new KvClientOptions { ConnectTimeout = Patiently.Limit, Timeout = Patiently.Limit, TimeProvider = time ?? TimeProvider.System, Transport = transport });

    public async Task DisposeAsync()
    {
        await StopAsync();
        Directory.Delete(_home, recursive: true);
        _ports.Dispose();
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
            await Patiently.UntilAsync(() => server.NotReadyReason is null, "the node is ready");
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }
}
