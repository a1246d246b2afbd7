namespace KvStore.Storage.FileSystem;

/// <summary>
/// All file access of a node. Paths are absolute or relative to the node's working directory, with '/'.
/// Every failure is an <see cref="IOException"/> (disk full: <see cref="DiskFullException"/>) that names the path and the operation; nothing is retried.
/// </summary>
public interface IFileSystem
{
    IFile Open(string path, FileOpen mode);
    bool FileExists(string path);
    bool DirectoryExists(string path);
    /// <summary>Creates the directory and its missing parents and syncs the parents that it changed.</summary>
    void CreateDirectory(string path);
    /// <summary>Names (not paths) of the files and directories in a directory, in ordinal order.</summary>
    IReadOnlyList<string> List(string path);
    void DeleteFile(string path);
    /// <summary>Deletes a directory and all in it.</summary>
    void DeleteDirectory(string path);
    /// <summary>Replaces <paramref name="to"/> if it exists. Durable only after <see cref="SyncDirectory"/> of both parents.</summary>
    void Rename(string from, string to);
    /// <summary>Makes creations, renames and deletions in the directory durable.</summary>
    void SyncDirectory(string path);
    /// <summary>Bytes that can still be written on the file system that holds the path.</summary>
    long AvailableBytes(string path);
    /// <summary>Takes an exclusive lock that ends with the process or with Dispose. Null when another process holds it.</summary>
    IDisposable? TryLock(string path);
}

/// <summary>What <see cref="IFileSystem.Open"/> does with a file that exists or not. <see cref="ReadOnly"/> fails on a missing file, as OpenExisting does.</summary>
public enum FileOpen { OpenExisting, CreateNew, OpenOrCreate, ReadOnly }

/// <summary>An open file. Positions and lengths in bytes. Reads may run beside a write of another place.</summary>
public interface IFile : IDisposable
{
    string Path { get; }
    long Length { get; }
    /// <summary>Reads until the buffer is full or the file ends; returns the bytes read.</summary>
    int ReadAt(Span<byte> buffer, long offset);
    /// <summary>Fills the buffer if that waits for no disk. False: it may have to be waited for, and <see cref="ReadAt"/> does.</summary>
    bool TryReadWithoutWaiting(Span<byte> buffer, long offset) => false;
    void WriteAt(ReadOnlySpan<byte> data, long offset);
    /// <summary>
    /// As <see cref="WriteAt"/>, but past the page cache where memory, place and length are whole blocks of 4 KiB and the file system has a way: for what is seldom read back.
    /// The file has to stand under its path still.
    /// </summary>
    void WriteDirectAt(ReadOnlySpan<byte> data, long offset) => WriteAt(data, offset);
    /// <summary>Begins to bring what was written into the page cache, and waits for nothing. A hint: a later read finds out what became of it.</summary>
    void ReadAhead(long offset, long length) { }
    /// <summary>fdatasync: content and length are durable when it returns. A failure is final for the process (DESIGN §4).</summary>
    void Sync();
    /// <summary>Reserves disk space up to <paramref name="length"/> and grows the file to it.</summary>
    void Allocate(long length);
    void Truncate(long length);
}

/// <summary>There is no room on the file system.</summary>
public sealed class DiskFullException(string message) : IOException(message);
