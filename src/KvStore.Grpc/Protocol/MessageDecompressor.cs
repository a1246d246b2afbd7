using System.Buffers;
using System.Buffers.Binary;
using System.IO.Compression;
using Grpc.Core;

namespace Grpc.Protocol;

/// <summary>Compressed messages: gzip is understood, and nothing else.</summary>
internal static class MessageDecompressor
{
    private const int ChunkSize = 4096;

    /// <summary>Bytes of the length that ends a gzip member (RFC 1952 §2.3.1, ISIZE).</summary>
    private const int LengthSize = 4;

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
        var bytes = compressed.ToArray();
        using var input = new MemoryStream(bytes);
        using var gzip = new GZipStream(input, CompressionMode.Decompress);
        var output = new ArrayBufferWriter<byte>();
        for (int count; (count = gzip.Read(output.GetSpan(ChunkSize))) > 0;)
        {
            output.Advance(count);
            if (output.WrittenCount > maxSize)
                throw new RpcException(new Status(StatusCode.ResourceExhausted, $"A message decompresses to more than the receiver's limit of {maxSize} bytes."));
        }

        // The stream takes the end of its input for the end of the data; a message that was cut off must not pass for a shorter one.
        if (bytes.Length < LengthSize || BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(bytes.Length - LengthSize)) != (uint)output.WrittenCount)
            throw new InvalidDataException("The length at the end of the gzip data is not the length of its content.");
        return new ReadOnlySequence<byte>(output.WrittenMemory);
    }
}
