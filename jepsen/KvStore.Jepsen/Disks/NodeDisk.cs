namespace KvStore.Jepsen.Disks;

/// <summary>Makes the disks of a kind.</summary>
internal static class NodeDisk
{
    /// <summary>Why disks of a kind cannot be made on this machine; null when they can.</summary>
    public static string? Unavailable(DiskKind kind)
    {
        if (kind == DiskKind.Directory) return null;
        if (!OperatingSystem.IsLinux()) return "needs Linux";
        if (Environment.UserName != "root") return "needs root (loop devices)";
        string[] tools = ["mkfs.ext4", "mount", "umount", "losetup", "cp", .. kind == DiskKind.ImageInMemory ? ["fsfreeze", "e2fsck"] : Array.Empty<string>()];
        if (tools.FirstOrDefault(t => !Shell.Has(t)) is { } missing) return $"needs {missing}";
        return File.Exists("/dev/loop-control") ? null : "needs loop devices";
    }

    public static INodeDisk Of(DiskKind kind, string home) => kind == DiskKind.Directory ? new PlainDisk(home) : new ImageDisk(home, kind);
}
