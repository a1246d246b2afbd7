using System.Buffers;

namespace Grpc.Core;

/// <summary>Where a marshaller reads one message. The payload is valid only during the call of the marshaller.</summary>
internal abstract class DeserializationContext
{
    public abstract int PayloadLength { get; }

    public abstract ReadOnlySequence<byte> PayloadAsReadOnlySequence();

    public virtual byte[] PayloadAsNewBuffer() => PayloadAsReadOnlySequence().ToArray();
}
