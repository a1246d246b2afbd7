using System.Buffers;
using Grpc.Core;

namespace KvStore.Client.Internal.Wire;

/// <summary>The bytes of one kvstore.v1 SessionResponse, on a pooled array that <see cref="Dispose"/> gives back.</summary>
internal sealed class IncomingResponse : IDisposable
{
    private readonly byte[] _buffer;
    private readonly int _length;

    private IncomingResponse(ReadOnlySequence<byte> message)
    {
        _length = (int)message.Length;
        _buffer = ArrayPool<byte>.Shared.Rent(_length);
        message.CopyTo(_buffer);
    }

    public ReadOnlySpan<byte> Message => _buffer.AsSpan(0, _length);

    public static IncomingResponse Deserialize(DeserializationContext context) => new(context.PayloadAsReadOnlySequence());

    public void Dispose() => ArrayPool<byte>.Shared.Return(_buffer);
}
