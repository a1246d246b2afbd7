using System.Buffers;
using System.IO.Compression;
using Grpc.Core;

namespace Grpc.Protocol;

/// <summary>Compressed messages: gzip is understood, and nothing else.</summary>
internal static class MessageDecompressor
{
    private const int ChunkSize = 4096;

    /// <summary>INTERNAL for a message that is compressed though its call is not, or that is not gzip; RESOURCE_EXHAUSTED as soon as the output passes the limit.</summary>
    public static ReadOnlySequence<byte> Decompress(ReadOnlySequence<byte> compressed, string? encoding, int maxSize)
    {
        if (encoding is null or GrpcProtocol.Identity)
            throw new RpcException(new Status(StatusCode.Internal, "A message is compressed but its call named no grpc-encoding."));
        if (encoding != GrpcProtocol.Gzip)
            throw new RpcException(new Status(StatusCode.Unimplemented, $"Unsupported grpc-encoding '{encoding}'."));
        try
        {
            return Gunzip(compressed, maxSize);
        }
        catch (InvalidDataException e)
        {
            throw new RpcException(new Status(StatusCode.Internal, "A message is not valid gzip.", e));
        }
    }

    private static ReadOnlySequence<byte> Gunzip(ReadOnlySequence<byte> compressed, int maxSize)
    {
        using var input = new MemoryStream(compressed.ToArray());
        using var gzip = new GZipStream(input, CompressionMode.Decompress);
        var output = new ArrayBufferWriter<byte>();
        for (int count; (count = gzip.Read(output.GetSpan(ChunkSize))) > 0;)
        {
            output.Advance(count);
            if (output.WrittenCount > maxSize)
                throw new RpcException(new Status(StatusCode.ResourceExhausted, $"A message decompresses to more than the receiver's limit of {maxSize} bytes."));
        }

        return new ReadOnlySequence<byte>(output.WrittenMemory);
    }
}
