using System.Globalization;
using Grpc.Core;

namespace Grpc.Protocol;

/// <summary>Names and numbers of "gRPC over HTTP/2" (PROTOCOL-HTTP2.md of the gRPC project).</summary>
internal static class GrpcProtocol
{
    public const string ContentType = "application/grpc";
    public const string StatusHeader = "grpc-status";
    public const string MessageHeader = "grpc-message";
    public const string TimeoutHeader = "grpc-timeout";
    public const string EncodingHeader = "grpc-encoding";
    public const string AcceptEncodingHeader = "grpc-accept-encoding";
    public const string Identity = "identity";
    public const string Gzip = "gzip";
    public const string AcceptedEncodings = "identity,gzip";

    /// <summary>Bytes before each message: a compression flag and the length, big-endian.</summary>
    public const int MessageHeaderSize = 5;

    /// <summary>The largest message received unless configured, as in the public packages: 4 MiB.</summary>
    public const int DefaultMaxReceiveMessageSize = 4 * 1024 * 1024;

    private static readonly string[] StatusTexts = [.. Enumerable.Range(0, (int)StatusCode.Unauthenticated + 1).Select(code => code.ToString(CultureInfo.InvariantCulture))];

    public static string StatusText(StatusCode code) => (uint)code < (uint)StatusTexts.Length ? StatusTexts[(int)code] : StatusTexts[(int)StatusCode.Unknown];

    /// <summary>A grpc-status value; codes that no specification names are Unknown, text is null.</summary>
    public static StatusCode? ParseStatus(string text) =>
        !int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var code) ? null
        : code < StatusTexts.Length ? (StatusCode)code
        : StatusCode.Unknown;

    public static bool IsGrpcContentType(string? value)
    {
        if (value is null || !value.StartsWith(ContentType, StringComparison.OrdinalIgnoreCase))
            return false;
        var rest = value.AsSpan(ContentType.Length);
        return rest.IsEmpty || rest[0] == ';' || rest.StartsWith("+proto", StringComparison.OrdinalIgnoreCase) && (rest.Length == "+proto".Length || rest["+proto".Length] == ';');
    }

    /// <summary>True for fields that belong to HTTP or to gRPC itself and are not user metadata.</summary>
    public static bool IsReserved(string name) =>
        name.Length == 0 || name[0] == ':'
        || name.StartsWith("grpc-", StringComparison.OrdinalIgnoreCase) && !name.Equals("grpc-status-details-bin", StringComparison.OrdinalIgnoreCase)
        || name.Equals("content-type", StringComparison.OrdinalIgnoreCase)
        || name.Equals("te", StringComparison.OrdinalIgnoreCase)
        || name.Equals("host", StringComparison.OrdinalIgnoreCase)
        || name.Equals("content-length", StringComparison.OrdinalIgnoreCase)
        || name.Equals("content-encoding", StringComparison.OrdinalIgnoreCase);
}
