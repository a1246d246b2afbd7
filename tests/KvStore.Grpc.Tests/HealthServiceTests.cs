using Grpc.Core;
using Grpc.Health.V1;
using Grpc.Net.Client;
using KvStore.Server.Grpc;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using static Grpc.Health.V1.HealthCheckResponse.Types;

namespace KvStore.Grpc.Tests;

/// <summary>The standard health service through Kestrel and our client.</summary>
public sealed class HealthServiceTests : IAsyncLifetime
{
    private readonly HealthService _service = new();
    private readonly WebApplication _host;
    private GrpcChannel _channel = null!;

    public HealthServiceTests()
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0").ConfigureKestrel(kestrel =>
        {
            kestrel.UseGrpcLimits();
            kestrel.ConfigureEndpointDefaults(endpoint => endpoint.Protocols = HttpProtocols.Http2);
        });
        builder.Services.AddRouting();
        builder.Logging.ClearProviders();
        _host = builder.Build();
        _host.UseRouting();
        _host.MapGrpcService(Health.BindService(_service));
        _host.MapGrpcUnimplemented();
    }

    public async Task InitializeAsync()
    {
        await _host.StartAsync();
        _channel = GrpcChannel.ForAddress(_host.Urls.Single());
    }

    public async Task DisposeAsync()
    {
        _channel.Dispose();
        await _host.DisposeAsync();
    }

    [Fact]
    public async Task A_fresh_server_is_not_serving_until_it_is_told_so()
    {
        var client = new Health.HealthClient(_channel);

        Assert.Equal(ServingStatus.NotServing, (await client.CheckAsync(new HealthCheckRequest())).Status);
        _service.SetStatus(HealthService.WholeServer, ServingStatus.Serving);
        Assert.Equal(ServingStatus.Serving, (await client.CheckAsync(new HealthCheckRequest())).Status);
    }

    [Fact]
    public async Task A_check_of_an_unknown_service_is_NOT_FOUND_and_names_it()
    {
        var client = new Health.HealthClient(_channel);

        var refused = await Assert.ThrowsAsync<RpcException>(async () => await client.CheckAsync(new HealthCheckRequest { Service = "no.Such" }));

        Assert.Equal(StatusCode.NotFound, refused.StatusCode);
        Assert.Contains("no.Such", refused.Status.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_watch_of_an_unknown_service_says_so_and_follows_each_change()
    {
        var client = new Health.HealthClient(_channel);
        using var watch = client.Watch(new HealthCheckRequest { Service = "kvstore.v1.Kv" });

        await Expect(watch.ResponseStream, ServingStatus.ServiceUnknown);
        _service.SetStatus("kvstore.v1.Kv", ServingStatus.Serving);
        await Expect(watch.ResponseStream, ServingStatus.Serving);
        _service.SetStatus("kvstore.v1.Kv", ServingStatus.NotServing);
        await Expect(watch.ResponseStream, ServingStatus.NotServing);
    }

    [Fact]
    public async Task A_change_of_one_service_is_not_reported_to_a_watch_of_another()
    {
        var client = new Health.HealthClient(_channel);
        using var watch = client.Watch(new HealthCheckRequest());

        await Expect(watch.ResponseStream, ServingStatus.NotServing);
        _service.SetStatus("kvstore.v1.Kv", ServingStatus.Serving);
        _service.SetStatus(HealthService.WholeServer, ServingStatus.Serving);
        await Expect(watch.ResponseStream, ServingStatus.Serving);
    }

    [Fact]
    public async Task Whole_server_is_what_the_host_says_when_asked()
    {
        var time = new Service.ManualTimeProvider();
        string? reason = "still starting";
        await using var server = await Service.TestServer.StartAsync(application => application.MapGrpcService(Health.BindService(new HealthService(() => Volatile.Read(ref reason), time))));
        using var channel = server.Connect();
        var client = new Health.HealthClient(channel);
        using var watch = client.Watch(new HealthCheckRequest());
        await Expect(watch.ResponseStream, ServingStatus.NotServing);
        Assert.Equal(ServingStatus.NotServing, (await client.CheckAsync(new HealthCheckRequest())).Status);

        Volatile.Write(ref reason, null);
        Assert.Equal(ServingStatus.Serving, (await client.CheckAsync(new HealthCheckRequest())).Status);
        while (time.PendingTimers == 0)
            await Task.Yield();
        time.Advance(TimeSpan.FromSeconds(1));
        await Expect(watch.ResponseStream, ServingStatus.Serving);
    }

    private static async Task Expect(IAsyncStreamReader<HealthCheckResponse> stream, ServingStatus status)
    {
        Assert.True(await stream.MoveNext());
        Assert.Equal(status, stream.Current.Status);
    }
}
