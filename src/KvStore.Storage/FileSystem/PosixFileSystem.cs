using System.Runtime.InteropServices;
using System.Runtime.Versioning;

namespace KvStore.Storage.FileSystem;

/// <summary>
/// Files of 64-bit Linux through libc, every result checked. .NET's own calls swallow a failing fsync, cannot sync a directory and
/// reserve no space (docs/adr/0003-libc-file-system.md).
/// </summary>
[SupportedOSPlatform("linux")]
public sealed class PosixFileSystem : IFileSystem
{
    private const int FileMode = 0x1A4; // 0644
    private const int DirectoryMode = 0x1ED; // 0755

    public IFile Open(string path, FileOpen mode)
    {
        int flags = mode switch
        {
            FileOpen.OpenExisting => Libc.OpenReadWrite,
            FileOpen.CreateNew => Libc.OpenReadWrite | Libc.OpenCreate | Libc.OpenExclusive,
            FileOpen.OpenOrCreate => Libc.OpenReadWrite | Libc.OpenCreate,
            FileOpen.ReadOnly => Libc.OpenReadOnly,
            _ => throw new ArgumentOutOfRangeException(nameof(mode), mode, "unknown way to open a file"),
        };
        return new PosixFile(path, OpenHandle(path, flags));
    }

    public bool FileExists(string path)
    {
        if (Libc.Access(path, 0) == 0) return !DirectoryExists(path);
        int error = Marshal.GetLastPInvokeError();
        return error is Libc.ErrorNoEntry or Libc.ErrorNotDirectory ? false : throw LibcError.Of(error, "access", path);
    }

    public bool DirectoryExists(string path)
    {
        using LibcHandle handle = Libc.Open(path, Libc.OpenReadOnly | Libc.OpenDirectory | Libc.OpenCloseOnExec, 0);
        if (!handle.IsInvalid) return true;
        int error = Marshal.GetLastPInvokeError();
        return error is Libc.ErrorNoEntry or Libc.ErrorNotDirectory ? false : throw LibcError.Of(error, "open", path);
    }

    public void CreateDirectory(string path)
    {
        if (DirectoryExists(path)) return;
        string parent = ParentOf(path);
        CreateDirectory(parent);
        if (Libc.MakeDirectory(path, DirectoryMode) != 0 && Marshal.GetLastPInvokeError() != Libc.ErrorExists) throw LibcError.Last("mkdir", path);
        SyncDirectory(parent);
    }

    public IReadOnlyList<string> List(string path)
    {
        try
        {
            string[] names = [.. Directory.EnumerateFileSystemEntries(path).Select(entry => Path.GetFileName(entry))];
            Array.Sort(names, StringComparer.Ordinal);
            return names;
        }
        catch (UnauthorizedAccessException refused)
        {
            throw new IOException($"listing of '{path}' failed: {refused.Message}", refused);
        }
    }

    public void DeleteFile(string path)
    {
        if (Libc.Unlink(path) != 0) throw LibcError.Last("unlink", path);
    }

    public void DeleteDirectory(string path)
    {
        foreach (string name in List(path))
        {
            string child = $"{path}/{name}";
            if (IsDirectoryItself(child)) DeleteDirectory(child);
            else DeleteFile(child);
        }
        if (Libc.RemoveDirectory(path) != 0) throw LibcError.Last("rmdir", path);
    }

    public void Rename(string from, string to)
    {
        if (Libc.Rename(from, to) != 0) throw LibcError.Last("rename", $"{from}' to '{to}");
    }

    public void SyncDirectory(string path)
    {
        using LibcHandle directory = OpenHandle(path, Libc.OpenReadOnly | Libc.OpenDirectory);
        if (Libc.Sync(directory) != 0) throw LibcError.Last("fsync", path);
    }

    public long AvailableBytes(string path)
    {
        if (Libc.FileSystemStatus(path, out Libc.StatVfs status) != 0) throw LibcError.Last("statvfs", path);
        return (long)UInt128.Min((ulong)long.MaxValue, (UInt128)status.FragmentBytes * status.FragmentsAvailable);
    }

    public IDisposable? TryLock(string path)
    {
        LibcHandle handle = OpenHandle(path, Libc.OpenReadWrite | Libc.OpenCreate);
        while (Libc.Lock(handle, Libc.LockExclusiveNonBlocking) != 0)
        {
            int error = Marshal.GetLastPInvokeError();
            if (error == Libc.ErrorInterrupted) continue;
            handle.Dispose();
            return error == Libc.ErrorTryAgain ? null : throw LibcError.Of(error, "flock", path);
        }
        return handle;
    }

    /// <summary>Whether the name is a directory and not a link to one: a recursive delete stays inside its tree.</summary>
    private static bool IsDirectoryItself(string path)
    {
        using LibcHandle handle = Libc.Open(path, Libc.OpenReadOnly | Libc.OpenDirectory | Libc.OpenNoFollow | Libc.OpenCloseOnExec, 0);
        return !handle.IsInvalid;
    }

    private static LibcHandle OpenHandle(string path, int flags)
    {
        while (true)
        {
            LibcHandle handle = Libc.Open(path, flags | Libc.OpenCloseOnExec, FileMode);
            if (!handle.IsInvalid) return handle;
            int error = Marshal.GetLastPInvokeError();
            handle.Dispose();
            if (error != Libc.ErrorInterrupted) throw LibcError.Of(error, "open", path);
        }
    }

    private static string ParentOf(string path)
    {
        string trimmed = path.TrimEnd('/');
        int slash = trimmed.LastIndexOf('/');
        return slash switch { < 0 => ".", 0 => "/", _ => trimmed[..slash] };
    }
}
