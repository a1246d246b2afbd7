using Grpc.Protocol;

namespace Grpc.Net.Client;

/// <summary>Settings of a <see cref="GrpcChannel"/>.</summary>
internal sealed class GrpcChannelOptions
{
    /// <summary>Null takes <see cref="GrpcChannel.CreateHandler"/>, and the channel disposes it; a handler given here stays the caller's.</summary>
    public HttpMessageHandler? HttpHandler { get; set; }

    /// <summary>Bytes of the largest response message; null for no limit. A larger one ends the call with RESOURCE_EXHAUSTED.</summary>
    public int? MaxReceiveMessageSize { get; set; } = GrpcProtocol.DefaultMaxReceiveMessageSize;

    /// <summary>Bytes of the largest request message; null for no limit. A larger one is refused with RESOURCE_EXHAUSTED and not sent.</summary>
    public int? MaxSendMessageSize { get; set; }

    /// <summary>Where deadlines take their time from.</summary>
    public TimeProvider TimeProvider { get; set; } = TimeProvider.System;
}
