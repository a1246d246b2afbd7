using System.Buffers.Binary;
using KvStore.Storage.FileSystem;

namespace KvStore.Storage.Engine;

/// <summary>Which checkpoint of a FASTER store is the last complete one: its token, which names the state file too, the size of the
/// hash table, about how many records the log holds, and the checksum of the checkpoint's metadata file.</summary>
internal sealed record FasterManifest(Guid Log, long HashBuckets, long Records, uint MetadataChecksum)
{
    public const string FileName = "MANIFEST";
    /// <summary>Says, too, which hash chained the log's records (<see cref="FasterFunctions.Comparer"/>): they are not found by another.</summary>
    private const byte Format = 2;
    private const int TokenAt = 1, BucketsAt = TokenAt + 16, RecordsAt = BucketsAt + sizeof(long), ChecksumAt = RecordsAt + sizeof(long), ContentBytes = ChecksumAt + sizeof(uint);
    /// <summary>Of the first format, which did not begin with its number.</summary>
    private const int FirstFormatBytes = ContentBytes - 1;

    public string StateFile => StateFileOf(Log);

    public static string StateFileOf(Guid log) => $"state-{log:N}";

    /// <summary>Null for a store that was never checkpointed.</summary>
    /// <exception cref="StoreDamagedException">It is not what was written, or was written by another version.</exception>
    public static FasterManifest? Read(IFileSystem fileSystem, string directory)
    {
        if (SealedFile.Read(fileSystem, directory, FileName) is not { } content) return null;
        var path = $"{directory}/{FileName}";
        if (content.Length == FirstFormatBytes) throw new StoreDamagedException(path, $"has format 1, and this version reads format {Format} only");
        if (content.Length != ContentBytes) throw new StoreDamagedException(path, $"holds {content.Length} bytes instead of {ContentBytes}");
        if (content[0] != Format) throw new StoreDamagedException(path, $"has format {content[0]}, and this version reads format {Format} only");
        return new FasterManifest(new Guid(content.AsSpan(TokenAt, BucketsAt - TokenAt), bigEndian: true), BinaryPrimitives.ReadInt64LittleEndian(content.AsSpan(BucketsAt)),
            BinaryPrimitives.ReadInt64LittleEndian(content.AsSpan(RecordsAt)), BinaryPrimitives.ReadUInt32LittleEndian(content.AsSpan(ChecksumAt)));
    }

    public void Write(IFileSystem fileSystem, string directory)
    {
        Span<byte> content = stackalloc byte[ContentBytes];
        content[0] = Format;
        Log.TryWriteBytes(content[TokenAt..], bigEndian: true, out _);
        BinaryPrimitives.WriteInt64LittleEndian(content[BucketsAt..], HashBuckets);
        BinaryPrimitives.WriteInt64LittleEndian(content[RecordsAt..], Records);
        BinaryPrimitives.WriteUInt32LittleEndian(content[ChecksumAt..], MetadataChecksum);
        SealedFile.Write(fileSystem, directory, FileName, content);
    }
}
