using System.Net;
using System.Net.Http.Headers;
using Grpc.Core;
using Grpc.Protocol;

namespace Grpc.Net.Client;

/// <summary>What the headers and trailers of a response say.</summary>
internal static class ResponseFields
{
    public static string? Find(HttpHeadersNonValidated fields, string name) => fields.TryGetValues(name, out var values) ? values.ToString() : null;

    /// <summary>The failure that a response which is not gRPC stands for, or null. Where a gRPC status stands beside an HTTP error, the gRPC status counts.</summary>
    public static Status? Refusal(HttpResponseMessage response)
    {
        var contentType = Find(response.Content.Headers.NonValidated, "Content-Type");
        if (response.StatusCode != HttpStatusCode.OK && !(GrpcProtocol.IsGrpcContentType(contentType) && Find(response.Headers.NonValidated, GrpcProtocol.StatusHeader) is not null))
            return new Status(StatusMapping.FromHttpStatus((int)response.StatusCode), $"The response is not gRPC: HTTP status {(int)response.StatusCode}, content-type '{contentType}'.");
        return GrpcProtocol.IsGrpcContentType(contentType) ? null : new Status(StatusCode.Unknown, $"The response is not gRPC: content-type '{contentType}'.");
    }

    /// <summary>Status and trailers of a response that was read to its end; without a body both stand in the headers ("Trailers-Only").</summary>
    public static CallOutcome Outcome(HttpResponseMessage response)
    {
        var fields = response.TrailingHeaders.NonValidated;
        if (Find(fields, GrpcProtocol.StatusHeader) is not { } text)
        {
            fields = response.Headers.NonValidated;
            if (Find(fields, GrpcProtocol.StatusHeader) is not { } header)
                return new CallOutcome(new Status(StatusCode.Unknown, "The response ended without a grpc-status."), []);
            text = header;
        }

        var trailers = ToMetadata(fields);
        return GrpcProtocol.ParseStatus(text) is { } code
            ? new CallOutcome(new Status(code, PercentEncoding.Decode(Find(fields, GrpcProtocol.MessageHeader) ?? "")), trailers)
            : new CallOutcome(new Status(StatusCode.Unknown, $"The response ended with the malformed grpc-status '{text}'."), trailers);
    }

    public static Metadata ToMetadata(HttpHeadersNonValidated fields)
    {
        var metadata = new Metadata();
        foreach (var field in fields)
        {
            if (GrpcProtocol.IsReserved(field.Key))
                continue;
            foreach (var value in field.Value)
                MetadataWire.Add(metadata, field.Key, value);
        }

        return metadata;
    }
}
