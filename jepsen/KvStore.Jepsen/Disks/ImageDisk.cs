using System.Globalization;

namespace KvStore.Jepsen.Disks;

/// <summary>An ext4 file system in an image file on a loop device.</summary>
internal sealed class ImageDisk(string home, DiskKind kind) : INodeDisk
{
    private const long ImageMebibytes = 512;
    // Less than the reserve below which a node refuses writes.
    private const long LeftFreeMebibytes = 16;
    private const long MarginBytes = 128 << 10;
    private const int ShrinkAttemptsMax = 10;
    private const int CopyAttemptsMax = 200;
    // Of /sys/block/*/stat.
    private const int WritesWord = 4, InFlightWord = 8;
    private readonly string _backing = Path.Combine(home, "backing");
    private readonly string _mount = Path.Combine(home, "disk");
    /// <summary>The loop device of the mounted image, such as loop0.</summary>
    private string _device = "";
    private bool _mounted, _backingMounted, _stalled;

    private string Image => Path.Combine(_backing, "image");
    private string Kept => Path.Combine(_backing, "kept");
    private string Ballast => Path.Combine(_mount, "ballast");

    public string DataDirectory => Path.Combine(_mount, "data");

    public async Task CreateAsync(CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(_backing);
        Directory.CreateDirectory(_mount);
        if (kind == DiskKind.ImageInMemory)
        {
            await Shell.RunAsync("mount", "-t", "tmpfs", "-o", RoomFor(3 * (ImageMebibytes << 20)), "tmpfs", _backing).ConfigureAwait(false);
            _backingMounted = true;
        }

        using (var file = File.Create(Image)) file.SetLength(ImageMebibytes << 20);
        await Shell.RunAsync("mkfs.ext4", "-q", "-E", "nodiscard", Image).ConfigureAwait(false);
        await MountAsync().ConfigureAwait(false);
    }

    /// <summary>
    /// The copy has to be of one moment. The node stands still, but the kernel goes on writing what it has in its journal: a copy of a block from before and of the journal from after
    /// such a write could miss what was synced, which no power cut does. So it is made again until nothing was written meanwhile.
    /// </summary>
    public async Task CutPowerAsync()
    {
        for (var attempt = 1; attempt <= CopyAttemptsMax; attempt++)
        {
            var before = Written();
            await Shell.RunAsync("cp", "--sparse=always", Image, Kept).ConfigureAwait(false);
            if (before == Written() && before.InFlight == 0) return;
        }

        throw new InvalidOperationException($"{Image} was written to during each of {CopyAttemptsMax} copies, though its node stands still");
    }

    /// <summary>Writes of the disk so far, as the kernel counts them.</summary>
    private (long Writes, long InFlight) Written()
    {
        var words = File.ReadAllText($"/sys/block/{_device}/stat").Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return (long.Parse(words[WritesWord], CultureInfo.InvariantCulture), long.Parse(words[InFlightWord], CultureInfo.InvariantCulture));
    }

    public async Task RestoreAfterCutAsync()
    {
        await UnmountAsync().ConfigureAwait(false);
        File.Move(Kept, Image, overwrite: true);
        await MountAsync().ConfigureAwait(false);
    }

    public async Task FillAsync()
    {
        var free = new DriveInfo(_mount).AvailableFreeSpace - (LeftFreeMebibytes << 20);
        if (free > 0) await Shell.RunAsync("fallocate", "-l", free.ToString(CultureInfo.InvariantCulture), Ballast).ConfigureAwait(false);
    }

    public Task DrainAsync()
    {
        File.Delete(Ballast);
        return Task.CompletedTask;
    }

    public async Task StallAsync()
    {
        _stalled = true;
        await Shell.RunAsync("fsfreeze", "-f", _mount).ConfigureAwait(false);
    }

    public async Task ResumeAsync()
    {
        await Shell.RunAsync("fsfreeze", "-u", _mount).ConfigureAwait(false);
        _stalled = false;
    }

    public async Task DieAsync()
    {
        var backing = new DriveInfo(_backing);
        for (var attempt = 1; ; attempt++)
        {
            // A little more than what is used, since remounting refuses less and the node writes meanwhile.
            var size = RoomFor(backing.TotalSize - backing.AvailableFreeSpace + (attempt * MarginBytes));
            var (code, _, error) = await Shell.TryAsync("mount", "-o", $"remount,{size}", _backing).ConfigureAwait(false);
            if (code == 0) return;
            if (attempt == ShrinkAttemptsMax) throw new InvalidOperationException($"{_backing} could not be made small: {error.Trim()}");
        }
    }

    public async Task ReviveAsync()
    {
        await Shell.RunAsync("mount", "-o", $"remount,{RoomFor(3 * (ImageMebibytes << 20))}", _backing).ConfigureAwait(false);
        await UnmountAsync().ConfigureAwait(false);
        // 1 and 2 mean that it repaired the file system, which a disk that failed in the middle needs.
        var (code, output, error) = await Shell.TryAsync("e2fsck", "-f", "-y", Image).ConfigureAwait(false);
        if (code is not (0 or 1 or 2)) throw new InvalidOperationException($"e2fsck {Image}: exit code {code}: {output}{error}");
        await MountAsync().ConfigureAwait(false);
        // Its deletion may be among what the dying disk has lost.
        File.Delete(Ballast);
    }

    public async Task ReleaseAsync()
    {
        if (_stalled) await ResumeAsync().ConfigureAwait(false);
    }

    public async ValueTask DisposeAsync()
    {
        await UnmountAsync().ConfigureAwait(false);
        if (!_backingMounted) return;
        await Shell.RunAsync("umount", _backing).ConfigureAwait(false);
        _backingMounted = false;
    }

    private static string RoomFor(long bytes) => string.Create(CultureInfo.InvariantCulture, $"size={bytes}");

    private async Task MountAsync()
    {
        await Shell.RunAsync("mount", "-o", "loop", Image, _mount).ConfigureAwait(false);
        _mounted = true;
        _device = Path.GetFileName((await Shell.RunAsync("findmnt", "-n", "-o", "SOURCE", _mount).ConfigureAwait(false)).Trim());
    }

    private async Task UnmountAsync()
    {
        if (!_mounted) return;
        await Shell.RunAsync("umount", _mount).ConfigureAwait(false);
        _mounted = false;
    }
}
