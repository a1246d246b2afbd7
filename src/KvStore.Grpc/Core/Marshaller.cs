using System.Buffers;

namespace Grpc.Core;

internal abstract class SerializationContext
{
    public abstract void SetPayloadLength(int payloadLength);
    public abstract IBufferWriter<byte> GetBufferWriter();
    public abstract void Complete();
    public abstract void Complete(byte[] payload);
}

internal abstract class DeserializationContext
{
    public abstract int PayloadLength { get; }
    public abstract ReadOnlySequence<byte> PayloadAsReadOnlySequence();
    public virtual byte[] PayloadAsNewBuffer() => PayloadAsReadOnlySequence().ToArray();
}

internal sealed class Marshaller<T>(Action<T, SerializationContext> serializer, Func<DeserializationContext, T> deserializer)
{
    public Action<T, SerializationContext> ContextualSerializer { get; } = serializer;
    public Func<DeserializationContext, T> ContextualDeserializer { get; } = deserializer;
}

internal static class Marshallers
{
    public static Marshaller<T> Create<T>(Action<T, SerializationContext> serializer, Func<DeserializationContext, T> deserializer) => new(serializer, deserializer);
}
