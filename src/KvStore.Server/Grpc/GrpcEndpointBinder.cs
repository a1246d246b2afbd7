using Grpc.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace KvStore.Server.Grpc;

/// <summary>Makes one endpoint of each method of a service.</summary>
internal sealed class GrpcEndpointBinder(IEndpointRouteBuilder endpoints, GrpcServerOptions options, ILogger log) : ServiceBinderBase
{
    private readonly CancellationToken _stopping = endpoints.ServiceProvider.GetService<IHostApplicationLifetime>()?.ApplicationStopping ?? default;

    public override void AddMethod<TRequest, TResponse>(Method<TRequest, TResponse> method, UnaryServerMethod<TRequest, TResponse>? handler) => Map(method, async call =>
    {
        var request = await call.ReadSingleAsync(method.RequestMarshaller).ConfigureAwait(false);
        var response = await Given(handler)(request, call).ConfigureAwait(false);
        call.WriteLast(method.ResponseMarshaller, response);
    });

    public override void AddMethod<TRequest, TResponse>(Method<TRequest, TResponse> method, ClientStreamingServerMethod<TRequest, TResponse>? handler) => Map(method, async call =>
    {
        var response = await Given(handler)(new RequestStreamReader<TRequest>(call, method.RequestMarshaller), call).ConfigureAwait(false);
        call.WriteLast(method.ResponseMarshaller, response);
    });

    public override void AddMethod<TRequest, TResponse>(Method<TRequest, TResponse> method, ServerStreamingServerMethod<TRequest, TResponse>? handler) => Map(method, async call =>
    {
        var request = await call.ReadSingleAsync(method.RequestMarshaller).ConfigureAwait(false);
        await Given(handler)(request, new ResponseStreamWriter<TResponse>(call, method.ResponseMarshaller), call).ConfigureAwait(false);
    });

    public override void AddMethod<TRequest, TResponse>(Method<TRequest, TResponse> method, DuplexStreamingServerMethod<TRequest, TResponse>? handler) => Map(method, call =>
        Given(handler)(new RequestStreamReader<TRequest>(call, method.RequestMarshaller), new ResponseStreamWriter<TResponse>(call, method.ResponseMarshaller), call));

    /// <summary>Generated code passes null only where a service is described without an instance.</summary>
    private static THandler Given<THandler>(THandler? handler)
        where THandler : Delegate => handler ?? throw new InvalidOperationException("The service was bound without an instance.");

    private void Map(IMethod method, Func<HttpServerCallContext, Task> invoke) =>
        endpoints.Map(method.FullName, new ServerCallHandler(method, invoke, options, _stopping, log).HandleAsync).WithDisplayName("gRPC " + method.FullName);
}
