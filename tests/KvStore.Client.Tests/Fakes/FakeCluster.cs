using System.Net;
using KvStore.Protocol.V1;
using KvStore.Server.Grpc;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace KvStore.Client.Tests.Fakes;

/// <summary>Nodes on loopback sockets that share one state instead of replicating it.</summary>
internal sealed class FakeCluster : IAsyncDisposable
{
    /// <summary>Of a client's calls: they outlast a busy machine.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private readonly List<WebApplication> _hosts = [];

    private FakeCluster(FakeState state) => State = state;

    public FakeState State { get; }

    public SortedDictionary<ulong, string> Addresses { get; } = [];

    public List<FakeNode> Nodes { get; } = [];

    public FakeLeases Leases { get; } = new();

    /// <summary>The maps name no leaders, as if an election were under way.</summary>
    public bool HidesLeaders { get; set; }

    /// <summary>Called whenever a node is asked for its map.</summary>
    public Action? OnMap { get; set; }

    public static async Task<FakeCluster> StartAsync(int nodes = 3, string[]? splits = null, ulong groups = 2)
    {
        var cluster = new FakeCluster(new FakeState(splits ?? ["g", "n", "t"], groups));
        for (ulong id = 1; id <= (ulong)nodes; id++) await cluster.AddAsync(id);
        return cluster;
    }

    public FakeNode Node(ulong id) => Nodes[(int)id - 1];

    public Task<KvClient> ConnectAsync(KvTransport transport, Action<KvClientOptions>? configure = null)
    {
        var options = new KvClientOptions { Transport = transport, Timeout = Patience, ConnectTimeout = Patience };
        configure?.Invoke(options);
        return KvClient.ConnectAsync(Addresses.Values, options);
    }

    public Task StopAsync(ulong id) => _hosts[(int)id - 1].DisposeAsync().AsTask();

    public async ValueTask DisposeAsync()
    {
        foreach (var host in _hosts) await host.DisposeAsync();
    }

    private async Task AddAsync(ulong id)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.UseGrpcLimits();
            kestrel.Listen(IPAddress.Loopback, 0, listen => listen.Protocols = HttpProtocols.Http2);
        });
        builder.Services.AddRoutingCore();
        builder.Services.AddLogging(logging => logging.ClearProviders());
        builder.Services.Configure<Microsoft.Extensions.Hosting.HostOptions>(host => host.ShutdownTimeout = TimeSpan.FromMilliseconds(1));
        var app = builder.Build();
        var node = new FakeNode(id, this);
        app.UseRouting();
        app.MapGrpcService(Kv.BindService(node));
        app.MapGrpcService(Lease.BindService(Leases));
        app.MapGrpcService(Protocol.V1.Locking.Lock.BindService(new FakeLocks()));
        app.MapGrpcService(Protocol.V1.Cluster.BindService(new FakeClusterService(id, this)));
        await app.StartAsync();
        var address = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single();
        _hosts.Add(app);
        Nodes.Add(node);
        Addresses.Add(id, new Uri(address).Authority);
    }
}
