using System.Buffers.Binary;
using KvStore.Storage.FileSystem;
#if PLANTED
using KvStore.Raft;
#endif

namespace KvStore.Storage.Engine;

/// <summary>
/// Small files that are replaced whole: magic, length, content, CRC32C over all before it (docs/formats/engine.md). Written beside, synced and renamed into place, so that a
/// crash leaves the old or the new one; any flipped bit is detected.
/// </summary>
internal static class SealedFile
{
    private const ulong Magic = 0x31304C41_4553564BUL; // "KVSEAL01" read as little-endian
    private const int HeaderBytes = 16, TrailerBytes = 4;

    public static void Write(IFileSystem fileSystem, string directory, string name, ReadOnlySpan<byte> content)
    {
        var bytes = new byte[HeaderBytes + content.Length + TrailerBytes];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, Magic);
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(8), content.Length);
        content.CopyTo(bytes.AsSpan(HeaderBytes));
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(bytes.Length - TrailerBytes), Crc32C.Of(bytes.AsSpan(0, bytes.Length - TrailerBytes)));
        var temporary = $"{directory}/{name}.new";
        using (var file = fileSystem.Open(temporary, FileOpen.OpenOrCreate))
        {
            file.Truncate(0);
            file.WriteAt(bytes, 0);
            file.Sync();
        }

        fileSystem.Rename(temporary, $"{directory}/{name}");
#if PLANTED
        if (!Plants.Has(PlantedBug.RenameNotSynced))
#endif
        fileSystem.SyncDirectory(directory);
    }

    /// <summary>The content; null when there is no such file.</summary>
    /// <exception cref="StoreDamagedException">The file is not what was written.</exception>
    public static byte[]? Read(IFileSystem fileSystem, string directory, string name)
    {
        var path = $"{directory}/{name}";
        if (!fileSystem.FileExists(path)) return null;
        using var file = fileSystem.Open(path, FileOpen.ReadOnly);
        var bytes = new byte[file.Length];
        if (bytes.Length < HeaderBytes + TrailerBytes || file.ReadAt(bytes, 0) != bytes.Length) throw new StoreDamagedException(path, $"has {bytes.Length} bytes");
        if (BinaryPrimitives.ReadUInt64LittleEndian(bytes) != Magic) throw new StoreDamagedException(path, "does not begin with the magic number");
        if (BinaryPrimitives.ReadInt64LittleEndian(bytes.AsSpan(8)) != bytes.Length - HeaderBytes - TrailerBytes) throw new StoreDamagedException(path, "has another length than it says");
        if (BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(bytes.Length - TrailerBytes)) != Crc32C.Of(bytes.AsSpan(0, bytes.Length - TrailerBytes)))
            throw new StoreDamagedException(path, "checksum does not match");
        return bytes[HeaderBytes..^TrailerBytes];
    }
}
