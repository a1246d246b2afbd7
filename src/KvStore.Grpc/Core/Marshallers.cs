namespace Grpc.Core;

/// <summary>What generated code makes its marshallers with.</summary>
internal static class Marshallers
{
    public static Marshaller<T> Create<T>(Action<T, SerializationContext> serializer, Func<DeserializationContext, T> deserializer) => new(serializer, deserializer);
}
