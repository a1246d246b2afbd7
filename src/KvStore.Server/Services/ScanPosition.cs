using System.Buffers.Binary;
using Google.Protobuf;
using KvStore.Node;
using KvStore.Protocol.V1;

namespace KvStore.Server.Services;

/// <summary>Where a scan goes on: the next key (ascending) or the exclusive upper bound (descending), and the snapshot revision within that range. Opaque to clients: format byte, range, revision, key.</summary>
internal readonly record struct ScanPosition(ulong Range, ulong Revision, ReadOnlyMemory<byte> Key)
{
    private const byte Format = 1;
    private const int HeaderBytes = 17;

    public ByteString Encode()
    {
        var bytes = new byte[HeaderBytes + Key.Length];
        bytes[0] = Format;
        BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(1), Range);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(9), Revision);
        Key.Span.CopyTo(bytes.AsSpan(HeaderBytes));
        return UnsafeByteOperations.UnsafeWrap(bytes);
    }

    /// <exception cref="NodeException">The token is not one of ours.</exception>
    public static ScanPosition Of(ScanRequest request)
    {
        if (request.Resume.IsEmpty) return new ScanPosition(0, 0, request.Descending ? request.End.Memory : request.Start.Memory);
        var bytes = request.Resume.Memory;
        if (bytes.Length < HeaderBytes || bytes.Span[0] != Format)
            throw new NodeException(new NodeError(NodeErrorCode.InvalidArgument, "resume: is not a token that a scan gave out"));
        return new ScanPosition(BinaryPrimitives.ReadUInt64LittleEndian(bytes.Span[1..]), BinaryPrimitives.ReadUInt64LittleEndian(bytes.Span[9..]), bytes[HeaderBytes..]);
    }
}
