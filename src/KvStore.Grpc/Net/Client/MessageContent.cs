using System.Net;
using Grpc.Core;
using Grpc.Protocol;

namespace Grpc.Net.Client;

/// <summary>The one request message of a unary or server-streaming call.</summary>
internal sealed class MessageContent<T> : HttpContent
{
    private readonly Marshaller<T> _marshaller;
    private readonly T _message;
    private readonly int? _maxMessageSize;

    public MessageContent(Marshaller<T> marshaller, T message, int? maxMessageSize)
    {
        _marshaller = marshaller;
        _message = message;
        _maxMessageSize = maxMessageSize;
        Headers.TryAddWithoutValidation("Content-Type", GrpcProtocol.ContentType);
    }

    protected override bool TryComputeLength(out long length)
    {
        length = 0;
        return false;
    }

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) => SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        using var buffer = new PooledBufferWriter();
        new MessageSerializer(buffer, _maxMessageSize).Write(_marshaller, _message);
        await stream.WriteAsync(buffer.WrittenMemory, cancellationToken).ConfigureAwait(false);
    }
}
