using System.Buffers;
using System.Buffers.Binary;
using Grpc.Core;

namespace Grpc.Protocol;

/// <summary>Cuts length-prefixed messages out of received bytes and parses them in place. One instance serves all messages of a call, one at a time.</summary>
/// <param name="maxMessageSize">Bytes of the largest message allowed, before and after decompression; null for no limit.</param>
internal sealed class MessageDeserializer(int? maxMessageSize) : DeserializationContext
{
    private readonly int _maxMessageSize = maxMessageSize ?? int.MaxValue;
    private ReadOnlySequence<byte> _payload;

    /// <summary>The peer's grpc-encoding; null is identity.</summary>
    public string? Encoding { get; set; }

    public override int PayloadLength => (int)_payload.Length;

    public override ReadOnlySequence<byte> PayloadAsReadOnlySequence() => _payload;

    /// <summary>
    /// True with the message when <paramref name="buffer"/> holds a whole one; the buffer is then moved past it.
    /// A bad flag, an undecodable or unparsable message is INTERNAL; one over the limit is RESOURCE_EXHAUSTED, before its bytes are awaited.
    /// </summary>
    public bool TryRead<T>(ref ReadOnlySequence<byte> buffer, Marshaller<T> marshaller, out T? message)
        where T : class
    {
        message = null;
        if (buffer.Length < GrpcProtocol.MessageHeaderSize)
            return false;
        Span<byte> header = stackalloc byte[GrpcProtocol.MessageHeaderSize];
        if (buffer.FirstSpan.Length >= GrpcProtocol.MessageHeaderSize)
            buffer.FirstSpan[..GrpcProtocol.MessageHeaderSize].CopyTo(header);
        else
            buffer.Slice(0, GrpcProtocol.MessageHeaderSize).CopyTo(header);
        var flag = header[0];
        var length = BinaryPrimitives.ReadUInt32BigEndian(header[1..]);
        if (flag > 1)
            throw new RpcException(new Status(StatusCode.Internal, $"Compression flag {flag} of a message is neither 0 nor 1."));
        if (length > _maxMessageSize)
            throw new RpcException(new Status(StatusCode.ResourceExhausted, $"A message of {length} bytes is over the receiver's limit of {_maxMessageSize}."));
        if (buffer.Length < GrpcProtocol.MessageHeaderSize + length)
            return false;
        var body = buffer.Slice(GrpcProtocol.MessageHeaderSize, length);
        buffer = buffer.Slice(body.End);
        message = Parse(flag == 0 ? body : MessageDecompressor.Decompress(body, Encoding, _maxMessageSize), marshaller);
        return true;
    }

    private T Parse<T>(ReadOnlySequence<byte> payload, Marshaller<T> marshaller)
    {
        _payload = payload;
        try
        {
            return marshaller.ContextualDeserializer(this);
        }
        catch (Exception e) when (e is not RpcException)
        {
            throw new RpcException(new Status(StatusCode.Internal, "A message could not be parsed.", e));
        }
        finally
        {
            _payload = default;
        }
    }
}
