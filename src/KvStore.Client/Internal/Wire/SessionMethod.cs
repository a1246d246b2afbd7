using Grpc.Core;

namespace KvStore.Client.Internal.Wire;

/// <summary>kvstore.v1.Kv/Session, written and read without message objects.</summary>
internal static class SessionMethod
{
    public static readonly Method<OutgoingRequest, IncomingResponse> Instance = new(MethodType.DuplexStreaming, "kvstore.v1.Kv", "Session",
        Marshallers.Create<OutgoingRequest>(OutgoingRequest.Serialize, static _ => throw new NotSupportedException("A client does not read requests.")),
        Marshallers.Create<IncomingResponse>(static (_, _) => throw new NotSupportedException("A client does not write responses."), IncomingResponse.Deserialize));
}
