using System.Buffers;
using System.Buffers.Binary;
using Grpc.Core;

namespace Grpc.Protocol;

/// <summary>Writes length-prefixed messages straight into a buffer. One instance serves all messages of a call, one at a time.</summary>
/// <param name="output">Where the framed bytes go.</param>
/// <param name="maxMessageSize">Bytes of the largest message allowed; null for no limit.</param>
internal sealed class MessageSerializer(IBufferWriter<byte> output, int? maxMessageSize) : SerializationContext
{
    private const int LengthUnknown = -1;

    private readonly int _maxMessageSize = maxMessageSize ?? int.MaxValue;
    private ArrayBufferWriter<byte>? _unsized;
    private int _length = LengthUnknown;
    private bool _complete;

    /// <summary>Appends one message. A message over the limit is RESOURCE_EXHAUSTED and leaves the output as it was.</summary>
    public void Write<T>(Marshaller<T> marshaller, T message)
    {
        _length = LengthUnknown;
        _complete = false;
        _unsized = null;
        marshaller.ContextualSerializer(message, this);
        if (!_complete)
            throw new InvalidOperationException($"The marshaller of {typeof(T)} did not complete its message.");
    }

    public override void SetPayloadLength(int payloadLength)
    {
        WriteHeader(payloadLength);
        _length = payloadLength;
    }

    public override IBufferWriter<byte> GetBufferWriter() => _length == LengthUnknown ? _unsized ??= new ArrayBufferWriter<byte>() : output;

    public override void Complete()
    {
        if (_unsized is not null)
        {
            WriteHeader(_unsized.WrittenCount);
            output.Write(_unsized.WrittenSpan);
        }

        _complete = true;
    }

    public override void Complete(byte[] payload)
    {
        WriteHeader(payload.Length);
        output.Write(payload);
        _complete = true;
    }

    private void WriteHeader(int length)
    {
        if (length > _maxMessageSize)
            throw new RpcException(new Status(StatusCode.ResourceExhausted, $"A message of {length} bytes is over the sender's limit of {_maxMessageSize}."));
        var header = output.GetSpan(GrpcProtocol.MessageHeaderSize);
        header[0] = 0;
        BinaryPrimitives.WriteUInt32BigEndian(header[1..], (uint)length);
        output.Advance(GrpcProtocol.MessageHeaderSize);
    }
}
