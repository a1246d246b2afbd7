using System.Buffers.Binary;
using KvStore.Storage.FileSystem;

namespace KvStore.Storage.Engine;

/// <summary>Which checkpoint of a FASTER store is the last complete one: its token, which names the state file too, the size of the
/// hash table, about how many records the log holds, and the checksum of the checkpoint's metadata file.</summary>
internal sealed record FasterManifest(Guid Log, long HashBuckets, long Records, uint MetadataChecksum)
{
    public const string FileName = "MANIFEST";
    private const int TokenBytes = 16, ContentBytes = TokenBytes + 2 * sizeof(long) + sizeof(uint);

    public string StateFile => StateFileOf(Log);

    public static string StateFileOf(Guid log) => $"state-{log:N}";

    /// <summary>Null for a store that was never checkpointed.</summary>
    /// <exception cref="StoreDamagedException">It is not what was written.</exception>
    public static FasterManifest? Read(IFileSystem fileSystem, string directory)
    {
        if (SealedFile.Read(fileSystem, directory, FileName) is not { } content) return null;
        if (content.Length != ContentBytes) throw new StoreDamagedException($"{directory}/{FileName}", $"holds {content.Length} bytes instead of {ContentBytes}");
        var numbers = content.AsSpan(TokenBytes);
        return new FasterManifest(new Guid(content.AsSpan(0, TokenBytes), bigEndian: true),
            BinaryPrimitives.ReadInt64LittleEndian(numbers), BinaryPrimitives.ReadInt64LittleEndian(numbers[sizeof(long)..]), BinaryPrimitives.ReadUInt32LittleEndian(numbers[(2 * sizeof(long))..]));
    }

    public void Write(IFileSystem fileSystem, string directory)
    {
        Span<byte> content = stackalloc byte[ContentBytes];
        Log.TryWriteBytes(content, bigEndian: true, out _);
        BinaryPrimitives.WriteInt64LittleEndian(content[TokenBytes..], HashBuckets);
        BinaryPrimitives.WriteInt64LittleEndian(content[(TokenBytes + sizeof(long))..], Records);
        BinaryPrimitives.WriteUInt32LittleEndian(content[(TokenBytes + 2 * sizeof(long))..], MetadataChecksum);
        SealedFile.Write(fileSystem, directory, FileName, content);
    }
}
