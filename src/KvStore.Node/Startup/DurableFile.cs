using KvStore.Storage.FileSystem;

namespace KvStore.Node.Startup;

/// <summary>Small files that are replaced as a whole: a temporary file, synced, renamed over the old one, and the directory synced.</summary>
internal static class DurableFile
{
    public static byte[]? Read(IFileSystem fileSystem, string path)
    {
        if (!fileSystem.FileExists(path)) return null;
        using var file = fileSystem.Open(path, FileOpen.OpenExisting);
        var bytes = new byte[file.Length];
        var read = file.ReadAt(bytes, 0);
        return read == bytes.Length ? bytes : throw new IOException($"{path}: {bytes.Length} bytes long, but only {read} could be read");
    }

    public static void Write(IFileSystem fileSystem, string directory, string name, ReadOnlySpan<byte> content)
    {
        var path = $"{directory}/{name}";
        var temporary = path + ".new";
        if (fileSystem.FileExists(temporary)) fileSystem.DeleteFile(temporary);
        using (var file = fileSystem.Open(temporary, FileOpen.CreateNew))
        {
            file.WriteAt(content, 0);
            file.Sync();
        }
        fileSystem.Rename(temporary, path);
        fileSystem.SyncDirectory(directory);
    }
}
