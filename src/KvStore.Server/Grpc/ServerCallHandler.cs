using Grpc.Core;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace KvStore.Server.Grpc;

/// <summary>What is the same for all methods: admission, deadline, and turning whatever happens into a status.</summary>
/// <param name="invoke">Hands the call to its handler.</param>
/// <param name="respond">Writes what came of that task, if its result is the response.</param>
internal sealed partial class ServerCallHandler(
    IMethod method, Func<HttpServerCallContext, Task> invoke, Action<HttpServerCallContext, Task>? respond, GrpcServerOptions options, CancellationToken stopping, ILogger log)
{
    public async Task HandleAsync(HttpContext http)
    {
        if (!GrpcRequest.Accept(http))
            return;
        var call = new HttpServerCallContext(http, options, log);
        Status status;
        Metadata? trailers = null;
        try
        {
            if (http.Request.Path.Value != method.FullName)
                throw new RpcException(HttpServerCallContext.Unimplemented(http)); // routes match in any case, method names do not
            call.Begin(method.Type);
            if (method.Type != MethodType.Unary)
                call.EndWith(stopping);
            var handled = invoke(call);
            await handled.ConfigureAwait(false);
            respond?.Invoke(call, handled);
            status = call.Status;
        }
        catch (RpcException e)
        {
            (status, trailers) = (e.Status, e.Trailers);
        }
        catch (Exception e)
        {
            status = Explain(e, call);
            if (status.StatusCode == StatusCode.DeadlineExceeded) trailers = call.TrailersAtDeadline;
        }

        await call.FinishAsync(status, trailers).ConfigureAwait(false);
    }

    private Status Explain(Exception exception, HttpServerCallContext call)
    {
        // After the caller is gone or the deadline has passed, a handler fails in many ways, and none of them tells anybody anything.
        if (call.DeadlineExceeded || call.CancellationToken.IsCancellationRequested || exception is ConnectionResetException or ConnectionAbortedException)
            return call.DeadlineExceeded ? HttpServerCallContext.DeadlinePassed : Status.DefaultCancelled;
        if (exception is BadHttpRequestException bad)
            return new Status(bad.StatusCode == StatusCodes.Status413PayloadTooLarge ? StatusCode.ResourceExhausted : StatusCode.Internal, bad.Message);
        LogHandlerFailed(log, call.Method, exception);
        return new Status(StatusCode.Unknown, options.EnableDetailedErrors ? $"The handler failed: {exception.GetType().Name}: {exception.Message}" : "The handler failed.");
    }

    [LoggerMessage(EventId = 1, Level = LogLevel.Error, Message = "The handler of {Method} failed with an unexpected exception.")]
    private static partial void LogHandlerFailed(ILogger log, string method, Exception exception);
}
