using Google.Protobuf;
using Grpc.Core;
using KvStore.Protocol.V1;

namespace KvStore.Client.Internal;

/// <summary>Reads what a failed gRPC call says.</summary>
internal static class FailureReader
{
    private const string ErrorTrailer = "kvstore-error-bin";

    public static Failure Read(Exception exception, string address)
    {
        if (exception is not RpcException call) return new Failure(ErrorCode.Unavailable, $"{address}: {exception.Message}") { OutcomeUnknown = true, Cause = exception };
        if (call.Trailers.Get(ErrorTrailer) is { } trailer)
        {
            try
            {
                return Failure.From(Error.Parser.ParseFrom(trailer.ValueBytes));
            }
            catch (InvalidProtocolBufferException malformed)
            {
                return new Failure(ErrorCode.Internal, $"{address}: the error of a call cannot be read: {malformed.Message}") { OutcomeUnknown = true, Cause = exception };
            }
        }
        return FromStatus(call, address);
    }

    private static Failure FromStatus(RpcException call, string address)
    {
        var message = $"{address}: {call.Status.StatusCode}: {Describe(call)}";
        return call.StatusCode switch
        {
            StatusCode.PermissionDenied or StatusCode.Unauthenticated => new(ErrorCode.Unspecified, message) { Cause = call, Denied = true },
            StatusCode.Unimplemented => new(ErrorCode.Internal, message) { Cause = call },
            StatusCode.InvalidArgument => new(ErrorCode.InvalidArgument, message) { Cause = call },
            StatusCode.ResourceExhausted => new(ErrorCode.ResourceExhausted, message) { Cause = call, OutcomeUnknown = true },
            StatusCode.DeadlineExceeded => new(ErrorCode.DeadlineExceeded, message) { Cause = call, OutcomeUnknown = true },
            _ => new(ErrorCode.Unavailable, message) { Cause = call, OutcomeUnknown = !NeverSent(call) },
        };
    }

    /// <summary>Whether the call failed before any byte of it could reach the node.</summary>
    private static bool NeverSent(RpcException call)
    {
        for (var cause = call.Status.DebugException; cause is not null; cause = cause.InnerException)
        {
            if (cause is HttpRequestException { HttpRequestError: HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError or HttpRequestError.SecureConnectionError }) return true;
        }
        return false;
    }

    private static string Describe(RpcException call)
    {
        var innermost = call.Status.DebugException;
        while (innermost?.InnerException is { } inner) innermost = inner;
        return innermost is System.Net.Sockets.SocketException socket ? socket.Message : call.Status.Detail;
    }
}
