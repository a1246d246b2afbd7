using Grpc.Protocol;
using Microsoft.AspNetCore.Http;

namespace KvStore.Server.Grpc;

/// <summary>Tells gRPC calls from other HTTP requests.</summary>
internal static class GrpcRequest
{
    public static bool IsGrpc(HttpContext http) => GrpcProtocol.IsGrpcContentType(http.Request.ContentType);

    /// <summary>False, with a plain HTTP status set, for a request that cannot be answered in gRPC at all.</summary>
    public static bool Accept(HttpContext http)
    {
        var refusal = !IsGrpc(http) ? StatusCodes.Status415UnsupportedMediaType
            : !HttpMethods.IsPost(http.Request.Method) ? StatusCodes.Status405MethodNotAllowed
            : !HttpProtocol.IsHttp2(http.Request.Protocol) && !HttpProtocol.IsHttp3(http.Request.Protocol) ? StatusCodes.Status426UpgradeRequired
            : 0;
        if (refusal == 0)
            return true;
        http.Response.StatusCode = refusal;
        return false;
    }
}
