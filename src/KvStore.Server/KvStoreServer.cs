using System.Net.Sockets;
using System.Security.Cryptography;
using KvStore.Node;
using KvStore.Node.StateMachine;
using KvStore.Node.Time;
using KvStore.Server.Configuration;
using KvStore.Server.Grpc;
using KvStore.Server.Hosting;
using KvStore.Server.Metrics;
using KvStore.Server.Services;
using KvStore.Server.Session;
using KvStore.Server.Transport;
using KvStore.Server.Watches;
using KvStore.Storage.Engine;
using KvStore.Storage.FileSystem;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace KvStore.Server;

/// <summary>
/// One node as a process part: the node itself, its peer transport, and a web host of its own for gRPC and HTTP, so that an application which embeds a node
/// keeps its own endpoints and pipeline untouched.
/// </summary>
public sealed class KvStoreServer : IAsyncDisposable
{
    /// <summary>How long a stopping node waits for callers to take what it has answered.</summary>
    private static readonly TimeSpan CallersLeftMax = TimeSpan.FromSeconds(5);

    private readonly KvStoreServerOptions _options;
    private readonly ILoggerFactory _loggers;
    private readonly ILogger _logger;
    private readonly ITimeSource _time;
    private readonly TaskCompletionSource<Exception?> _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private TcpTransport? _transport;
    private ThreadWorkerHost? _workers;
    private KvNode? _node;
    private Forwarder? _forwarder;
    private NodeMetrics? _metrics;
    private WatchService? _watches;
    private WebApplication? _web;

    public KvStoreServer(KvStoreServerOptions options, ILoggerFactory loggers)
    {
        _options = options;
        _loggers = loggers;
        _time = ClockOf(options);
        _logger = loggers.CreateLogger<KvStoreServer>();
    }

    /// <summary>The disk of the WAL; tests put another one in.</summary>
    internal IFileSystem Files { get; init; } = FileSystems.ForThisPlatform();

    /// <summary>Completes when the node ends: with null after <see cref="StopAsync"/>, with the cause when it stopped by itself.</summary>
    public Task<Exception?> Ended => _ended.Task;

    /// <summary>Null when the node serves; else why not yet.</summary>
    public string? NotReadyReason => _node is null ? "not started" : _node.NotReadyReason;

    /// <summary>Opens the data directory, binds the ports, and starts. Returns before the node is ready: see <see cref="NotReadyReason"/>.</summary>
    /// <exception cref="NodeStartException">The data directory or a port cannot be used: one line with the remedy.</exception>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        _transport = new TcpTransport(_options.PeerEndPoint, _loggers.CreateLogger<TcpTransport>());
        try
        {
            _transport.Bind();
        }
        catch (SocketException e)
        {
            throw new NodeStartException($"PeerAddress {_options.PeerAddress}: {e.Message}", e);
        }

        _workers = new ThreadWorkerHost(_time) { Crashed = (worker, e) => Fail(worker.Name, e) };
        var stores = new FasterRecordStoreFactory(Files, new FasterOptions { MemoryBytes = MemoryPerGroup() });
        var seed = BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(8));
        _node = KvNode.Open(_options.ToNodeOptions(), new NodeServices(Files, stores, _time, _transport, _workers, _loggers, seed));
        _node.Failed += e => Fail("node", e);
        _transport.Start(new PeerIdentity(_node.ClusterId, _node.Id, _node.Identity.Incarnation), (peer, incarnation) => _node.Peers.Refuse(peer, _node.ClusterId.Span, incarnation.Span));
        _node.Start();
        _web = BuildWeb(_node);
        try
        {
            await _web.StartAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (IOException e)
        {
            throw new NodeStartException($"ClientAddress {_options.ClientAddress} or HttpAddress {_options.HttpAddress}: {e.Message}", e);
        }

        ServerLog.Started(_logger, _options.NodeId, _options.ClientAddress, _options.PeerAddress, _options.HttpAddress, _options.DataDirectory);
    }

    /// <summary>Hands leadership over, finishes what is in flight, syncs, and closes.</summary>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        ServerLog.Stopping(_logger);
        if (_node is { Failure: null }) await _node.StopAsync(TimeSpan.FromSeconds(_options.ShutdownSecondsMax)).ConfigureAwait(false);
        _watches?.Close();
        if (_web is not null) await _web.StopAsync(cancellationToken).ConfigureAwait(false);
        Close();
        _ended.TrySetResult(null);
    }

    public async ValueTask DisposeAsync()
    {
        Close();
        if (_web is not null) await _web.DisposeAsync().ConfigureAwait(false);
    }

    private WebApplication BuildWeb(KvNode node)
    {
        // Empty: no configuration files are read or watched.
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Services.AddSingleton(_loggers);
        builder.Services.AddLogging();
        builder.Services.AddRoutingCore();
        // Streams end when the host stops; what is left then are callers that take no answer.
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = CallersLeftMax);
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.UseGrpcLimits();
            kestrel.Limits.Http2.InitialConnectionWindowSize = 1 << 20;
            kestrel.Limits.Http2.InitialStreamWindowSize = 1 << 20;
            kestrel.Listen(_options.ClientEndPoint, listen => listen.Protocols = HttpProtocols.Http2);
            kestrel.Listen(_options.HttpEndPoint, listen => listen.Protocols = HttpProtocols.Http1);
        });
        var web = builder.Build();
        _metrics = new NodeMetrics(node);
        _forwarder = new Forwarder(node);
        var limits = new RequestLimits(new CommandLimits { ValueBytesMax = _options.ValueBytesMax }, TimeSpan.FromSeconds(_options.SessionTimeToLiveSeconds), (long)_options.LeaseMebibytesMax << 20);
        var ranges = new RangeResolver(node);
        var kv = new KvService(node, ranges, _forwarder, limits, _time);
        web.MapGrpcService(SessionBinding.Bind(kv, new SessionService(node, ranges, kv, limits, _time)));
        var locks = new LockRequests(node, _time);
        web.MapGrpcService(Protocol.V1.Locking.Lock.BindService(new LockService(locks, _forwarder)));
        web.MapGrpcService(Protocol.V1.Locking.Election.BindService(new ElectionService(locks, _forwarder, _options.ToNodeOptions().WatchLeaderlessMax)));
        web.MapGrpcService(Protocol.V1.Lease.BindService(new LeaseService(node, ranges, _forwarder, limits, _time)));
        web.MapGrpcService(Protocol.V1.Cluster.BindService(new ClusterService(node, ranges, _forwarder, _time)));
        _watches = new WatchService(node, ranges, _options.ToNodeOptions().WatchBookmarkInterval);
        web.MapGrpcService(Protocol.V1.Watch.BindService(_watches));
        web.MapGrpcService(global::Grpc.Health.V1.Health.BindService(new HealthService(() => node.NotReadyReason)));
        web.MapGrpcUnimplemented();
        HttpEndpoints.Map(web, node, _metrics, $"*:{_options.HttpEndPoint.Port}");
        return web;
    }

    private static ITimeSource ClockOf(KvStoreServerOptions options)
    {
        var time = new BootTimeSource();
        if (options is { TestClockRatePartsPerMillion: 0, TestClockAheadSeconds: 0 }) return time;
        return new SkewedTimeSource(time, TimeSpan.FromSeconds(options.TestClockAheadSeconds), options.TestClockRatePartsPerMillion, TimeSpan.FromMilliseconds(options.TestClockStrobeMilliseconds));
    }

    // The meta group's few records do not count.
    private long MemoryPerGroup() => Math.Max(8L << 20, ((long)_options.RecordMemoryMebibytes << 20) / _options.DataGroups);

    private void Fail(string where, Exception e)
    {
        ServerLog.Failed(_logger, where, e);
        _ended.TrySetResult(e);
    }

    private void Close()
    {
        _workers?.Stop();
        _transport?.Dispose();
        _node?.Dispose();
        _forwarder?.Dispose();
        _metrics?.Dispose();
        (_workers, _transport, _node, _forwarder, _metrics) = (null, null, null, null, null);
    }
}
