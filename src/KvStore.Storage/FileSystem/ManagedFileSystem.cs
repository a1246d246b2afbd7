namespace KvStore.Storage.FileSystem;

/// <summary>
/// Files through .NET's own calls, for Windows, where FlushFileBuffers reports its failures and directory entries are journaled:
/// there <see cref="SyncDirectory"/> has nothing to do.
/// </summary>
public sealed class ManagedFileSystem : IFileSystem
{
    private const int WindowsDiskFull = unchecked((int)0x80070070);
    private const int WindowsHandleDiskFull = unchecked((int)0x80070027);

    public IFile Open(string path, FileOpen mode) => Try("open", path, () =>
    {
        (System.IO.FileMode fileMode, FileAccess access) = mode switch
        {
            FileOpen.OpenExisting => (System.IO.FileMode.Open, FileAccess.ReadWrite),
            FileOpen.CreateNew => (System.IO.FileMode.CreateNew, FileAccess.ReadWrite),
            FileOpen.OpenOrCreate => (System.IO.FileMode.OpenOrCreate, FileAccess.ReadWrite),
            FileOpen.ReadOnly => (System.IO.FileMode.Open, FileAccess.Read),
            _ => throw new ArgumentOutOfRangeException(nameof(mode), mode, "unknown way to open a file"),
        };
        return new ManagedFile(path, File.OpenHandle(path, fileMode, access, FileShare.ReadWrite | FileShare.Delete));
    });

    public bool FileExists(string path) => File.Exists(path);

    public bool DirectoryExists(string path) => Directory.Exists(path);

    public void CreateDirectory(string path) => Try("create directory", path, () => Directory.CreateDirectory(path));

    public IReadOnlyList<string> List(string path) => Try("list", path, () =>
    {
        string[] names = [.. Directory.EnumerateFileSystemEntries(path).Select(entry => Path.GetFileName(entry))];
        Array.Sort(names, StringComparer.Ordinal);
        return names;
    });

    public void DeleteFile(string path) => Try("delete", path, () =>
    {
        if (!File.Exists(path)) throw new FileNotFoundException("there is no such file", path);
        File.Delete(path);
        return true;
    });

    public void DeleteDirectory(string path) => Try("delete directory", path, () =>
    {
        Directory.Delete(path, recursive: true);
        return true;
    });

    public void Rename(string from, string to) => Try("rename", from, () =>
    {
        if (Directory.Exists(from)) Directory.Move(from, to);
        else File.Move(from, to, overwrite: true);
        return true;
    });

    public void SyncDirectory(string path)
    {
        if (!Directory.Exists(path)) throw new DirectoryNotFoundException($"sync of '{path}' failed: there is no such directory");
    }

    public long AvailableBytes(string path) => Try("free space", path, () => new DriveInfo(Path.GetFullPath(path)).AvailableFreeSpace);

    public IDisposable? TryLock(string path)
    {
        try
        {
            return File.OpenHandle(path, System.IO.FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException) when (File.Exists(path))
        {
            return null;
        }
    }

    internal static T Try<T>(string operation, string path, Func<T> action)
    {
        try
        {
            return action();
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw Describe(failure, operation, path);
        }
    }

    internal static IOException Describe(Exception failure, string operation, string path)
    {
        string message = $"{operation} of '{path}' failed: {failure.Message}";
        return failure switch
        {
            { HResult: WindowsDiskFull or WindowsHandleDiskFull } => new DiskFullException(message),
            FileNotFoundException => new FileNotFoundException(message, path, failure),
            _ => new IOException(message, failure),
        };
    }
}
