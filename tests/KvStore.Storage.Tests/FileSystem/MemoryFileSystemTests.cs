using KvStore.Storage.FileSystem;

namespace KvStore.Storage.Tests.FileSystem;

public sealed class MemoryFileSystemTests
{
    private readonly MemoryFileSystem fileSystem = new();

    [Theory]
    [InlineData(1, 2)]
    [InlineData(1, 0)]
    [InlineData(0, 2)]
    public void Synced_bytes_survive_every_crash_and_unsynced_ones_some(byte synced, byte unsynced)
    {
        using IFile file = Create("/f");
        file.WriteAt(Filled(4096, synced), 0);
        file.Sync();
        fileSystem.SyncDirectory("/");
        file.WriteAt(Filled(2048, unsynced), 1024);
        HashSet<string> seen = [];
        for (ulong seed = 0; seed < 200; seed++)
        {
            byte[] left = Content(fileSystem.CrashClone(seed), "/f");
            Assert.Equal(Filled(1024, synced), left[..1024]);
            Assert.Equal(Filled(1024, synced), left[3072..]);
            for (int sector = 1024; sector < 3072; sector += 512)
            {
                int kept = left.AsSpan(sector, 512).IndexOf(synced);
                if (kept < 0) kept = 512;
                Assert.Equal([.. Filled(kept, unsynced), .. Filled(512 - kept, synced)], left[sector..(sector + 512)]);
                seen.Add(kept == 512 ? "kept" : kept == 0 ? "lost" : "torn");
            }
        }
        Assert.Equal(["kept", "lost", "torn"], seen.Order());
    }

    [Theory]
    [InlineData(100, 50)]
    [InlineData(500, 600)]
    [InlineData(1024, 512)]
    [InlineData(0, 40_000)]
    public void Zeros_replace_what_was_written_and_nothing_beside_it(int offset, int count)
    {
        using IFile file = Create("/f");
        file.WriteAt(Filled(40_000, 1), 0);
        file.WriteAt(Filled(count, 0), offset);
        file.WriteAt(Filled(1, 2), offset);
        byte[] expected = [.. Filled(offset, 1), 2, .. Filled(count - 1, 0), .. Filled(40_000 - offset - count, 1)];
        byte[] read = new byte[expected.Length];
        Assert.Equal(read.Length, file.ReadAt(read, 0));
        Assert.Equal(expected, read);
    }

    [Fact]
    public void The_same_seed_leaves_the_same_bytes()
    {
        using IFile file = Create("/f");
        fileSystem.SyncDirectory("/");
        file.WriteAt(Filled(50_000, 9), 3);
        for (ulong seed = 0; seed < 20; seed++) Assert.Equal(Content(fileSystem.CrashClone(seed), "/f"), Content(fileSystem.CrashClone(seed), "/f"));
    }

    [Fact]
    public void Names_may_revert_until_their_directory_is_synced()
    {
        Create("/old").Dispose();
        fileSystem.SyncDirectory("/");
        Create("/new").Dispose();
        fileSystem.Rename("/old", "/renamed");
        string[] images = [.. Enumerable.Range(0, 100).Select(seed => string.Join(',', fileSystem.CrashClone((ulong)seed).List("/"))).Distinct().Order(StringComparer.Ordinal)];
        Assert.Equal(["new,old", "new,renamed", "old", "renamed"], images);
        fileSystem.SyncDirectory("/");
        Assert.All(Enumerable.Range(0, 100), seed => Assert.Equal(["new", "renamed"], fileSystem.CrashClone((ulong)seed).List("/")));
    }

    [Fact]
    public void What_a_failed_sync_dropped_is_not_written_by_a_later_one()
    {
        using IFile file = CreateWithUnsynced();
        fileSystem.FailSyncs = true;
        Assert.Throws<IOException>(file.Sync);
        fileSystem.FailSyncs = false;
        file.Sync();
        Assert.Equal(Filled(512, 2), Content(fileSystem, "/f"));
        Assert.All(Enumerable.Range(0, 20), seed => Assert.Equal(Filled(512, 1), Content(fileSystem.CrashClone((ulong)seed), "/f")));
        file.WriteAt(Filled(512, 2), 0);
        file.Sync();
        Assert.All(Enumerable.Range(0, 20), seed => Assert.Equal(Filled(512, 2), Content(fileSystem.CrashClone((ulong)seed), "/f")));
    }

    [Fact]
    public void A_sync_that_fails_once_loses_what_the_next_one_does_not_write()
    {
        using IFile file = CreateWithUnsynced();
        fileSystem.FailNextSync = true;
        Assert.Throws<IOException>(file.Sync);
        file.Sync();
        Assert.Equal(Filled(512, 2), Content(fileSystem, "/f"));
        Assert.All(Enumerable.Range(0, 20), seed => Assert.Equal(Filled(512, 1), Content(fileSystem.CrashClone((ulong)seed), "/f")));
    }

    [Fact]
    public void The_nth_operation_fails_or_stops_the_machine()
    {
        using IFile file = Create("/f");
        fileSystem.FailAtOperation = fileSystem.OperationCount + 2;
        file.WriteAt("a"u8, 0);
        Assert.Throws<IOException>(() => file.WriteAt("b"u8, 1));
        file.WriteAt("c"u8, 1);
        fileSystem.StopAtOperation = fileSystem.OperationCount + 1;
        Assert.Throws<MachineStoppedException>(file.Sync);
        Assert.Throws<MachineStoppedException>(() => file.ReadAt(new byte[1], 0));
        Assert.Throws<MachineStoppedException>(() => fileSystem.DeleteFile("/f"));
        fileSystem.Crash(0);
        Assert.Throws<ObjectDisposedException>(() => file.ReadAt(new byte[1], 0));
    }

    [Fact]
    public void A_full_disk_writes_what_fits_and_says_so()
    {
        fileSystem.CapacityBytes = 1000;
        using IFile file = Create("/f");
        Assert.Throws<DiskFullException>(() => file.WriteAt(Filled(1500, 1), 0));
        Assert.Equal((1000, 0), (file.Length, fileSystem.AvailableBytes("/")));
        file.WriteAt(Filled(1000, 2), 0);
        using IFile other = Create("/g");
        Assert.Throws<DiskFullException>(() => other.Allocate(1));
        fileSystem.DeleteFile("/f");
        other.Allocate(1000);
    }

    [Fact]
    public void A_hook_sees_every_call_and_can_fail_it()
    {
        List<FileOperationKind> seen = [];
        fileSystem.BeforeOperation = operation =>
        {
            seen.Add(operation.Kind);
            if (operation.Kind == FileOperationKind.Rename) throw new IOException("stalled");
        };
        using IFile file = Create("/f");
        file.WriteAt("x"u8, 0);
        file.ReadAt(new byte[1], 0);
        file.Sync();
        Assert.Throws<IOException>(() => fileSystem.Rename("/f", "/g"));
        Assert.Equal([FileOperationKind.Create, FileOperationKind.Write, FileOperationKind.Read, FileOperationKind.Sync, FileOperationKind.Rename], seen);
        Assert.True(fileSystem.FileExists("/f"));
    }

    /// <summary>Ones on the disk, twos written over them.</summary>
    private IFile CreateWithUnsynced()
    {
        IFile file = Create("/f");
        fileSystem.SyncDirectory("/");
        file.WriteAt(Filled(512, 1), 0);
        file.Sync();
        file.WriteAt(Filled(512, 2), 0);
        return file;
    }

    private IFile Create(string path) => fileSystem.Open(path, FileOpen.CreateNew);

    private static byte[] Filled(int count, byte value)
    {
        byte[] bytes = new byte[count];
        bytes.AsSpan().Fill(value);
        return bytes;
    }

    private static byte[] Content(MemoryFileSystem of, string path)
    {
        using IFile file = of.Open(path, FileOpen.ReadOnly);
        byte[] content = new byte[file.Length];
        file.ReadAt(content, 0);
        return content;
    }
}
