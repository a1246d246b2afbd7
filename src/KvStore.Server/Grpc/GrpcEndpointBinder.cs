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

    public override void AddMethod<TRequest, TResponse>(Method<TRequest, TResponse> method, UnaryServerMethod<TRequest, TResponse>? handler) => Map(method, call =>
    {
        // Mostly the request is all here, and the handler's task is the only one of the call.
        var request = call.ReadSingleAsync(method.RequestMarshaller);
        return request.IsCompletedSuccessfully ? Given(handler)(request.Result, call) : AwaitRequestAsync(request, Given(handler), call);
    }, WriteLast(method));

    public override void AddMethod<TRequest, TResponse>(Method<TRequest, TResponse> method, ClientStreamingServerMethod<TRequest, TResponse>? handler) => Map(method, call =>
        Given(handler)(new RequestStreamReader<TRequest>(call, method.RequestMarshaller), call), WriteLast(method));

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

    private static async Task<TResponse> AwaitRequestAsync<TRequest, TResponse>(ValueTask<TRequest> request, UnaryServerMethod<TRequest, TResponse> handler, HttpServerCallContext call)
        where TRequest : class
        where TResponse : class => await handler(await request.ConfigureAwait(false), call).ConfigureAwait(false);

    /// <summary>What follows the handler's task of a method with one response.</summary>
    private static Action<HttpServerCallContext, Task> WriteLast<TRequest, TResponse>(Method<TRequest, TResponse> method)
        where TRequest : class
        where TResponse : class => (call, handled) => call.WriteLast(method.ResponseMarshaller, ((Task<TResponse>)handled).Result);

    private void Map(IMethod method, Func<HttpServerCallContext, Task> invoke, Action<HttpServerCallContext, Task>? respond = null) =>
        endpoints.Map(method.FullName, new ServerCallHandler(method, invoke, respond, options, _stopping, log).HandleAsync).WithDisplayName("gRPC " + method.FullName);
}
