using Grpc.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace KvStore.Server.Grpc;

/// <summary>Puts gRPC services on the endpoints of an ASP.NET Core host.</summary>
internal static class GrpcEndpointExtensions
{
    /// <summary>Streams of one connection: a client's calls and watches share one connection, and Kestrel's default of 100 makes them wait for each other.</summary>
    private const int StreamsPerConnection = 1024;

    private static readonly TimeSpan KeepAlivePingDelay = TimeSpan.FromSeconds(30);

    private static readonly TimeSpan KeepAlivePingTimeout = TimeSpan.FromSeconds(20);

    /// <summary>Maps the methods of one instance, without reflection: <c>MapGrpcService(Kv.BindService(instance))</c>.</summary>
    public static void MapGrpcService(this IEndpointRouteBuilder endpoints, ServerServiceDefinition service) => service.BindService(Binder(endpoints));

    /// <summary>Answers gRPC calls of methods that nobody mapped with UNIMPLEMENTED, as callers expect; other requests of such a path with 404.</summary>
    public static void MapGrpcUnimplemented(this IEndpointRouteBuilder endpoints)
    {
        var options = Options(endpoints);
        endpoints.Map("/{service}/{method}", (HttpContext http) =>
        {
            if (!GrpcRequest.IsGrpc(http))
            {
                http.Response.StatusCode = StatusCodes.Status404NotFound;
                return Task.CompletedTask;
            }

            if (!GrpcRequest.Accept(http))
                return Task.CompletedTask;
            var call = new HttpServerCallContext(http, options, Logger(endpoints));
            return call.FinishAsync(HttpServerCallContext.Unimplemented(http));
        }).WithDisplayName("gRPC of an unknown method");
    }

    /// <summary>Kestrel's limits as gRPC wants them.</summary>
    public static void UseGrpcLimits(this KestrelServerOptions kestrel)
    {
        var limits = kestrel.Limits;
        limits.Http2.MaxStreamsPerConnection = StreamsPerConnection;

        // A caller that is slow to take one stream is what flow control is for; Kestrel's guard would end its whole connection, with all other streams.
        limits.MinResponseDataRate = null;

        // What that guard was for, a peer that is gone without a word, the pings find.
        limits.Http2.KeepAlivePingDelay = KeepAlivePingDelay;
        limits.Http2.KeepAlivePingTimeout = KeepAlivePingTimeout;
    }

    private static GrpcEndpointBinder Binder(IEndpointRouteBuilder endpoints) => new(endpoints, Options(endpoints), Logger(endpoints));

    private static GrpcServerOptions Options(IEndpointRouteBuilder endpoints) =>
        endpoints.ServiceProvider.GetService<IOptions<GrpcServerOptions>>()?.Value ?? new GrpcServerOptions();

    private static ILogger Logger(IEndpointRouteBuilder endpoints) => endpoints.ServiceProvider.GetRequiredService<ILoggerFactory>().CreateLogger("KvStore.Server.Grpc");
}
