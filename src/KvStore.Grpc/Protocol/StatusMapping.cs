using Grpc.Core;

namespace Grpc.Protocol;

/// <summary>Failures of HTTP itself as gRPC statuses (http-grpc-status-mapping.md and the table "HTTP2 Transport Mapping").</summary>
internal static class StatusMapping
{
    public static StatusCode FromHttpStatus(int httpStatus) => httpStatus switch
    {
        400 => StatusCode.Internal,
        401 => StatusCode.Unauthenticated,
        403 => StatusCode.PermissionDenied,
        404 => StatusCode.Unimplemented,
        429 or 502 or 503 or 504 => StatusCode.Unavailable,
        _ => StatusCode.Unknown,
    };

    /// <summary>
    /// The error code of a reset stream or of a connection that went away. The table says INTERNAL for NO_ERROR of a stream; the HTTP client gives the same code when a server closes the
    /// connection in good order before the end of a response was read, and then the caller is to go elsewhere.
    /// </summary>
    public static StatusCode FromHttp2Error(long errorCode) => errorCode switch
    {
        0x0 or 0x7 => StatusCode.Unavailable, // NO_ERROR, REFUSED_STREAM
        0x8 => StatusCode.Cancelled, // CANCEL
        0xb => StatusCode.ResourceExhausted, // ENHANCE_YOUR_CALM
        0xc => StatusCode.PermissionDenied, // INADEQUATE_SECURITY
        _ => StatusCode.Internal,
    };
}
