using Microsoft.Win32.SafeHandles;

namespace KvStore.Storage.FileSystem;

/// <summary>A file behind .NET's own handle.</summary>
internal sealed class ManagedFile(string path, SafeFileHandle handle) : IFile
{
    private const int ZeroChunkBytes = 1 << 20;

    public string Path => path;

    public long Length => ManagedFileSystem.Try("length", path, () => RandomAccess.GetLength(handle));

    public int ReadAt(Span<byte> buffer, long offset)
    {
        int done = 0;
        while (done < buffer.Length)
        {
            int count = RandomAccess.Read(handle, buffer[done..], offset + done);
            if (count == 0) break;
            done += count;
        }
        return done;
    }

    public void WriteAt(ReadOnlySpan<byte> data, long offset)
    {
        try
        {
            RandomAccess.Write(handle, data, offset);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw ManagedFileSystem.Describe(failure, "write", path);
        }
    }

    public void Sync() => ManagedFileSystem.Try("sync", path, () =>
    {
#pragma warning disable RS0030 // The ban is for Linux, where this call hides failures; this type serves Windows.
        RandomAccess.FlushToDisk(handle);
#pragma warning restore RS0030
        return true;
    });

    /// <summary>Writes zeros: SetLength alone reserves nothing.</summary>
    public void Allocate(long length)
    {
        byte[] zeros = new byte[ZeroChunkBytes];
        for (long offset = Length; offset < length; offset += ZeroChunkBytes)
            WriteAt(zeros.AsSpan(0, (int)Math.Min(ZeroChunkBytes, length - offset)), offset);
    }

    public void Truncate(long length) => ManagedFileSystem.Try("truncate", path, () =>
    {
        RandomAccess.SetLength(handle, length);
        return true;
    });

    public void Dispose() => handle.Dispose();
}
