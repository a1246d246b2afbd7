using System.Text;
using KvStore.Node;
using KvStore.Server.Metrics;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace KvStore.Server.Services;

/// <summary>The HTTP/1.1 side: /healthz (the process works), /readyz (it serves), /metrics.</summary>
internal static class HttpEndpoints
{
    public static void Map(IEndpointRouteBuilder endpoints, KvNode node, NodeMetrics metrics, string host)
    {
        endpoints.Map("/healthz", context => Answer(context, node.Failure is { } failure ? failure.Message : null)).RequireHost(host);
        endpoints.Map("/readyz", context => Answer(context, node.Failure?.Message ?? node.NotReadyReason)).RequireHost(host);
        endpoints.Map("/metrics", context =>
        {
            context.Response.ContentType = "text/plain; version=0.0.4; charset=utf-8";
            return context.Response.Body.WriteAsync(Encoding.UTF8.GetBytes(metrics.Text.Write())).AsTask();
        }).RequireHost(host);
    }

    private static Task Answer(HttpContext context, string? problem)
    {
        context.Response.StatusCode = problem is null ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable;
        context.Response.ContentType = "text/plain; charset=utf-8";
        return context.Response.Body.WriteAsync(Encoding.UTF8.GetBytes((problem ?? "ok") + "\n")).AsTask();
    }
}
