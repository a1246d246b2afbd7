using System.Runtime.CompilerServices;
using KvStore.Storage.FileSystem;
using KvStore.Storage.Wal;
using Xunit.Abstractions;
using static KvStore.Storage.Tests.Wal.WalBench;

namespace KvStore.Storage.Tests.FileSystem;

/// <summary>A real fsync that fails on a real file system is seen, and ends the WAL.</summary>
public sealed class FailingSyncTests(ITestOutputHelper output)
{
    [Fact]
    public void A_disk_that_cannot_write_back_ends_the_wal_with_the_systems_words()
    {
        using DyingDisk? disk = TryMakeDisk();
        if (disk is null) return;
        IFileSystem fileSystem = FileSystems.ForThisPlatform();
        WalOptions options = new() { Directory = disk.Directory + "/wal", SegmentBytes = 16 << 20, ReserveBytes = 0 };
        using Storage.Wal.Wal wal = Storage.Wal.Wal.Open(fileSystem, options, Id, Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance);
        IOException failure = Assert.ThrowsAny<IOException>(() =>
        {
            for (ulong i = 1; i < 40; i++) wal.Write(Batch(Append(1, i, i, bytes: 500_000)).Vote(1, 1));
        });
        output.WriteLine(failure.Message);
        // What goes past the page cache fails where it is written, the rest where it is synced.
        Assert.Matches("^(pwrite|fdatasync) of .* \\(errno [0-9]+\\)$", failure.Message);
        Assert.Same(failure, Assert.ThrowsAny<IOException>(() => wal.Write(Batch())));
    }

    [Fact]
    public void A_sync_that_cannot_write_back_fails_with_the_systems_words()
    {
        using DyingDisk? disk = TryMakeDisk();
        if (disk is null) return;
        using IFile file = FileSystems.ForThisPlatform().Open(disk.Directory + "/a", FileOpen.CreateNew);
        IOException failure = Assert.ThrowsAny<IOException>(() =>
        {
            for (int i = 0; i < 40; i++)
            {
                file.WriteAt(new byte[500_000], i * 500_000L);
                file.Sync();
            }
        });
        Assert.Matches("^fdatasync of .* \\(errno [0-9]+\\)$", failure.Message);
    }

    [Fact]
    public void A_wal_on_the_real_file_system_comes_back_after_a_restart()
    {
        IFileSystem fileSystem = FileSystems.ForThisPlatform();
        string directory = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName()).Replace('\\', '/');
        WalOptions options = new() { Directory = directory + "/wal", SegmentBytes = 1 << 20, ReserveBytes = 0 };
        string written;
        using (Storage.Wal.Wal wal = Storage.Wal.Wal.Open(fileSystem, options, Id, Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance))
        {
            for (ulong i = 1; i < 30; i++) wal.Write(Batch(Append(1, i, i, bytes: 100_000), Append(2, i, i)).Vote(1, 1).Vote(2, 1));
            written = string.Join(',', wal.LogOf(new Raft.GroupId(1)).Read(new Raft.LogIndex(1), new Raft.LogIndex(30), long.MaxValue).Select(entry => Crc32C.Of(entry.Payload.Span)));
        }
        using (Storage.Wal.Wal wal = Storage.Wal.Wal.Open(fileSystem, options, Id, Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance))
            Assert.Equal(written, string.Join(',', wal.TakeRecovered()[0].Entries.Select(entry => Crc32C.Of(entry.Payload.Span))));
        fileSystem.DeleteDirectory(directory);
        Assert.False(fileSystem.DirectoryExists(directory));
    }

    private DyingDisk? TryMakeDisk([CallerMemberName] string test = "")
    {
        DyingDisk? disk = DyingDisk.TryMake(out string reason);
        if (disk is null) output.WriteLine($"SKIPPED {test}: {reason}");
        return disk;
    }
}
