namespace KvStore.Grpc.Tests.Server;

/// <summary>What came back; null where a field is missing.</summary>
internal sealed record RawResponse(int HttpStatus, string? GrpcStatus, string? GrpcMessage, string? AcceptEncoding, byte[] Body);
