using System.Diagnostics;

namespace KvStore.Storage.Tests.FileSystem;

/// <summary>An ext4 file system on a loop device whose power can be cut: what the file system had not written to the device is gone. Needs root.</summary>
internal sealed class LoopDisk : IDisposable
{
    private readonly string _root;
    private bool _isMounted;

    private LoopDisk(string root) => _root = root;

    public string Directory => _root + "/disk";

    /// <summary>Null, with the reason, where this machine cannot mount.</summary>
    public static LoopDisk? TryMake(out string reason)
    {
        LoopDisk disk = new(Path.Combine(Path.GetTempPath(), Path.GetRandomFileName()));
        reason = disk.Make();
        if (reason.Length == 0) return disk;
        disk.Dispose();
        return null;
    }

    /// <summary>Stops the process in its tracks, takes the device as it is at that moment, and ends both. <see cref="Mount"/> shows what is left.</summary>
    public void CutPower(Process process)
    {
        Invoke("kill", "-STOP", $"{process.Id}");
        Invoke("cp", "--sparse=always", _root + "/image", _root + "/left");
        process.Kill();
        process.WaitForExit();
        Invoke("umount", Directory);
        _isMounted = false;
        File.Move(_root + "/left", _root + "/image", overwrite: true);
    }

    public void Mount()
    {
        Invoke("mount", "-o", "loop", _root + "/image", Directory);
        _isMounted = true;
    }

    public void Dispose()
    {
        if (_isMounted) DyingDisk.Run("umount", "-l", Directory);
        if (System.IO.Directory.Exists(_root)) System.IO.Directory.Delete(_root, recursive: true);
    }

    private string Make()
    {
        if (!OperatingSystem.IsLinux()) return "not Linux";
        if (Environment.UserName != "root") return "not root";
        System.IO.Directory.CreateDirectory(Directory);
        if (DyingDisk.Run("truncate", "-s", "256M", _root + "/image") is { Length: > 0 } image) return image;
        if (DyingDisk.Run("mkfs.ext4", "-q", "-F", _root + "/image") is { Length: > 0 } format) return format;
        if (DyingDisk.Run("mount", "-o", "loop", _root + "/image", Directory) is { Length: > 0 } mount) return mount;
        _isMounted = true;
        return "";
    }

    private static void Invoke(string program, params string[] arguments) => Assert.Equal("", DyingDisk.Run(program, arguments));
}
