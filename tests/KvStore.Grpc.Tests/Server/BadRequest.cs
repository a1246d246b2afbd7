using Grpc.Core;

namespace KvStore.Grpc.Tests.Server;

/// <summary>A request that must be refused with a gRPC status.</summary>
internal sealed record BadRequest(string Name, StatusCode Expected, byte[] Body, string Method = "Unary", Action<HttpRequestMessage>? Edit = null);
