using System.Diagnostics;

namespace KvStore.Storage.Tests.FileSystem;

/// <summary>An ext4 file system on a sparse image on a tmpfs that is too small for it: writes succeed, writing back fails. Needs root.</summary>
internal sealed class DyingDisk : IDisposable
{
    private readonly string root;
    private readonly List<string> mounts = [];

    private DyingDisk(string root) => this.root = root;

    public string Directory => root + "/disk";

    /// <summary>Null, with the reason, where this machine cannot mount.</summary>
    public static DyingDisk? TryMake(out string reason)
    {
        DyingDisk disk = new(Path.Combine(Path.GetTempPath(), Path.GetRandomFileName()));
        reason = disk.Make();
        if (reason.Length == 0) return disk;
        disk.Dispose();
        return null;
    }

    public void Dispose()
    {
        for (int i = mounts.Count - 1; i >= 0; i--) Run("umount", "-l", mounts[i]);
        if (System.IO.Directory.Exists(root)) System.IO.Directory.Delete(root, recursive: true);
    }

    private string Make()
    {
        if (!OperatingSystem.IsLinux()) return "not Linux";
        if (Environment.UserName != "root") return "not root";
        System.IO.Directory.CreateDirectory(root + "/small");
        System.IO.Directory.CreateDirectory(Directory);
        if (Run("mount", "-t", "tmpfs", "-o", "size=6m", "none", root + "/small") is { Length: > 0 } small) return small;
        mounts.Add(root + "/small");
        if (Run("truncate", "-s", "64M", root + "/small/image") is { Length: > 0 } image) return image;
        if (Run("mkfs.ext4", "-q", "-F", "-O", "^has_journal", root + "/small/image") is { Length: > 0 } format) return format;
        if (Run("mount", "-o", "loop", root + "/small/image", Directory) is { Length: > 0 } mount) return mount;
        mounts.Add(Directory);
        return "";
    }

    /// <summary>Empty on success.</summary>
    internal static string Run(string program, params string[] arguments)
    {
        try
        {
            using Process process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true, RedirectStandardOutput = true })!;
            string error = process.StandardError.ReadToEnd();
            process.WaitForExit();
            return process.ExitCode == 0 ? "" : $"{program}: {error.Trim()}";
        }
        catch (System.ComponentModel.Win32Exception missing)
        {
            return $"{program}: {missing.Message}";
        }
    }
}
