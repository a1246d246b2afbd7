using KvStore.Jepsen.Disks;

namespace KvStore.Jepsen.Tests.Disks;

public sealed class ImageDiskTests
{
    [RootFact]
    public async Task A_disk_that_died_while_it_was_full_has_room_again()
    {
        var home = Directory.CreateTempSubdirectory("kvstore-disk-").FullName;
        try
        {
            await using var disk = new ImageDisk(home, DiskKind.ImageInMemory);
            await disk.CreateAsync(CancellationToken.None);
            var place = new DriveInfo(Path.GetDirectoryName(disk.DataDirectory)!);
            var before = place.AvailableFreeSpace;
            await disk.FillAsync();
            Assert.True(place.AvailableFreeSpace < before / 4);
            await disk.DieAsync();
            await disk.ReviveAsync();
            Assert.True(place.AvailableFreeSpace > before / 4 * 3, $"{place.AvailableFreeSpace} of {before} bytes are free");
        }
        finally
        {
            Directory.Delete(home, recursive: true);
        }
    }
}

/// <summary>A test that mounts file systems: skipped, with the reason, where it may not.</summary>
internal sealed class RootFactAttribute : FactAttribute
{
    public RootFactAttribute()
    {
        if (!OperatingSystem.IsLinux() || !Environment.IsPrivilegedProcess) Skip = "needs root (loop devices)";
    }
}
