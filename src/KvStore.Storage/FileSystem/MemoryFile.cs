namespace KvStore.Storage.FileSystem;

/// <summary>An open file of a <see cref="MemoryFileSystem"/>; dead after a crash.</summary>
internal sealed class MemoryFile(MemoryFileSystem fileSystem, string path, MemoryFileContent content, long incarnation, FileOpen mode) : IFile
{
    private bool closed;

    public string Path => path;
    public MemoryFileContent Content => content;
    public long Incarnation => incarnation;
    public long Length => Opened().LengthOf(this);

    public int ReadAt(Span<byte> buffer, long offset) => Opened().Read(this, buffer, offset);
    public void WriteAt(ReadOnlySpan<byte> data, long offset) => Writable().Write(this, data, offset);
    public void Sync() => Opened().Sync(this);
    public void Allocate(long length) => Writable().Allocate(this, length);
    public void Truncate(long length) => Writable().Truncate(this, length);
    public void Dispose() => closed = true;

    private MemoryFileSystem Opened()
    {
        ObjectDisposedException.ThrowIf(closed, this);
        return fileSystem;
    }

    private MemoryFileSystem Writable() => mode == FileOpen.ReadOnly ? throw new IOException($"'{path}' was opened for reading only") : Opened();
}
