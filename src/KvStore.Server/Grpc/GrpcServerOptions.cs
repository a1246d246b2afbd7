using Grpc.Protocol;

namespace KvStore.Server.Grpc;

/// <summary>Settings of all gRPC services of a host.</summary>
internal sealed class GrpcServerOptions
{
    /// <summary>Bytes of the largest request message, before and after decompression; null for no limit. A larger one ends the call with RESOURCE_EXHAUSTED.</summary>
    public int? MaxReceiveMessageSize { get; set; } = GrpcProtocol.DefaultMaxReceiveMessageSize;

    /// <summary>Bytes of the largest response message; null for no limit. A larger one ends the call with RESOURCE_EXHAUSTED.</summary>
    public int? MaxSendMessageSize { get; set; }

    /// <summary>Tells callers the text of unexpected exceptions, which may hold what they should not see.</summary>
    public bool EnableDetailedErrors { get; set; }

    /// <summary>Where deadlines take their time from.</summary>
    public TimeProvider TimeProvider { get; set; } = TimeProvider.System;
}
