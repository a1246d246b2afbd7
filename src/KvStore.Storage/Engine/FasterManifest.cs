using KvStore.Storage.FileSystem;

namespace KvStore.Storage.Engine;

/// <summary>Which checkpoint of a FASTER store is the last complete one: the tokens of index and log, and by the log's token the state file.</summary>
internal sealed record FasterManifest(Guid Index, Guid Log)
{
    public const string FileName = "MANIFEST";

    public string StateFile => StateFileOf(Log);

    public static string StateFileOf(Guid log) => $"state-{log:N}";

    /// <summary>Null for a store that was never checkpointed.</summary>
    /// <exception cref="StoreDamagedException">It is not what was written.</exception>
    public static FasterManifest? Read(IFileSystem fileSystem, string directory)
    {
        if (SealedFile.Read(fileSystem, directory, FileName) is not { } content) return null;
        if (content.Length != 32) throw new StoreDamagedException($"{directory}/{FileName}", $"holds {content.Length} bytes instead of 32");
        return new FasterManifest(new Guid(content.AsSpan(0, 16), bigEndian: true), new Guid(content.AsSpan(16), bigEndian: true));
    }

    public void Write(IFileSystem fileSystem, string directory)
    {
        Span<byte> content = stackalloc byte[32];
        Index.TryWriteBytes(content, bigEndian: true, out _);
        Log.TryWriteBytes(content[16..], bigEndian: true, out _);
        SealedFile.Write(fileSystem, directory, FileName, content);
    }
}
