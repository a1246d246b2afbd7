using System.Buffers;

namespace Grpc.Core;

/// <summary>Where a marshaller writes one message.</summary>
internal abstract class SerializationContext
{
    public abstract void SetPayloadLength(int payloadLength);

    public abstract IBufferWriter<byte> GetBufferWriter();

    public abstract void Complete();

    public abstract void Complete(byte[] payload);
}
