using System.Buffers;
using Grpc.Core;
using KvStore.Protocol.V1;

namespace KvStore.Server.Session;

/// <summary>A <see cref="SessionRequest"/> as it came: its bytes go into the Raft log as they are.</summary>
internal sealed record RawRequest(byte[] Bytes);

/// <summary>A <see cref="SessionResponse"/> in pieces that are already serialized; writing it gives them back.</summary>
internal sealed class RawResponse
{
    public List<ResultBuffer> Pieces { get; } = [];
}

internal static class RawMessages
{
    public static readonly Method<RawRequest, RawResponse> Session = new(MethodType.DuplexStreaming, "kvstore.v1.Kv", "Session",
        Marshallers.Create<RawRequest>((_, _) => throw new NotSupportedException("the server only reads requests"), context => new RawRequest(context.PayloadAsReadOnlySequence().ToArray())),
        Marshallers.Create<RawResponse>(Write, _ => throw new NotSupportedException("the server only writes responses")));

    private static void Write(RawResponse response, SerializationContext context)
    {
        var length = 0;
        foreach (var piece in response.Pieces) length += piece.Length;
        context.SetPayloadLength(length);
        var writer = context.GetBufferWriter();
        foreach (var piece in response.Pieces)
        {
            writer.Write(piece.Written);
            piece.Release();
        }

        context.Complete();
        response.Pieces.Clear();
    }
}
