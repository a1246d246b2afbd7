using System.Net;
using Grpc.Net.Client;
using KvStore.Server.Grpc;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace KvStore.Grpc.Tests.Service;

/// <summary>Kestrel in this process on ephemeral loopback ports, with whatever services a test maps.</summary>
internal sealed class TestServer : IAsyncDisposable
{
    private readonly WebApplication _application;

    private TestServer(WebApplication application)
    {
        _application = application;
        var urls = application.Urls.ToArray();
        (Address, Http1Address) = (urls[0], urls[1]);
    }

    /// <summary>HTTP/2 without TLS.</summary>
    public string Address { get; }

    /// <summary>HTTP/1.1 without TLS: where gRPC cannot be spoken.</summary>
    public string Http1Address { get; }

    public int Port => new Uri(Address).Port;

    public static async Task<TestServer> StartAsync(Action<WebApplication> map, GrpcServerOptions? options = null)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.Services.AddRoutingCore();
        if (options is not null)
            builder.Services.AddSingleton(Microsoft.Extensions.Options.Options.Create(options));
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.UseGrpcLimits();
            kestrel.Listen(IPAddress.Loopback, 0, listen => listen.Protocols = HttpProtocols.Http2);
            kestrel.Listen(IPAddress.Loopback, 0, listen => listen.Protocols = HttpProtocols.Http1);
        });
        var application = builder.Build();
        map(application);
        await application.StartAsync();
        return new TestServer(application);
    }

    /// <summary>The test service, and UNIMPLEMENTED for all else.</summary>
    public static Task<TestServer> StartAsync(TestService service, GrpcServerOptions? options = null) => StartAsync(
        application =>
        {
            application.MapGrpcService(V1.Test.BindService(service));
            application.MapGrpcUnimplemented();
        },
        options);

    public GrpcChannel Connect(GrpcChannelOptions? options = null) => GrpcChannel.ForAddress(Address, options ?? new GrpcChannelOptions());

    public async ValueTask DisposeAsync()
    {
        using var now = new CancellationTokenSource();
        await now.CancelAsync(); // handlers that still run are not waited for
        await _application.StopAsync(now.Token);
        await _application.DisposeAsync();
    }
}
