namespace KvStore.Storage.FileSystem;

/// <summary>Chooses the file system of the machine that the process runs on.</summary>
public static class FileSystems
{
    /// <summary>libc on 64-bit Linux, the managed calls on Windows.</summary>
    /// <exception cref="PlatformNotSupportedException">Another system: its failing syncs would go unseen (docs/adr/0003-libc-file-system.md).</exception>
    public static IFileSystem ForThisPlatform()
    {
        if (OperatingSystem.IsLinux() && Environment.Is64BitProcess) return new PosixFileSystem();
        if (OperatingSystem.IsWindows()) return new ManagedFileSystem();
        throw new PlatformNotSupportedException("KvStore stores data on 64-bit Linux or on Windows only: elsewhere .NET does not report a failing fsync. Use the container image.");
    }
}
