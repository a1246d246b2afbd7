using KvStore.Storage.FileSystem;

namespace KvStore.Storage.Tests.FileSystem;

public class PendingNamesTests
{
    [Fact]
    public void A_sync_of_one_directory_leaves_what_is_pending_in_others()
    {
        for (ulong seed = 0; seed < 20; seed++)
        {
            var disk = new MemoryFileSystem();
            disk.CreateDirectory("/a");
            disk.CreateDirectory("/b");
            disk.SyncDirectory("/");
            disk.Open("/a/1", FileOpen.CreateNew).Dispose();
            disk.Open("/b/1", FileOpen.CreateNew).Dispose();
            disk.Open("/a/2", FileOpen.CreateNew).Dispose();
            disk.SyncDirectory("/b");
            disk.SyncDirectory("/b");
            disk.SyncDirectory("/a");
            disk.Crash(seed);
            Assert.Equal(["1", "2"], disk.List("/a"));
            Assert.Equal(["1"], disk.List("/b"));
        }
    }

    [Fact]
    public void A_directory_that_is_made_again_is_not_lost_to_the_deletion_before_it()
    {
        for (ulong seed = 0; seed < 20; seed++)
        {
            var disk = new MemoryFileSystem();
            disk.CreateDirectory("/a/b");
            disk.DeleteDirectory("/a/b");
            disk.CreateDirectory("/a/b");
            disk.SyncDirectory("/a");
            disk.Crash(seed);
            Assert.True(disk.DirectoryExists("/a/b"));
        }
    }

    [Fact]
    public void Files_whose_directory_is_gone_after_a_crash_do_not_come_back_with_one_that_is_made_under_its_name()
    {
        for (ulong seed = 0; seed < 20; seed++)
        {
            var disk = new MemoryFileSystem();
            disk.CreateDirectory("/a/b");
            disk.Open("/a/b/1", FileOpen.CreateNew).Dispose();
            disk.SyncDirectory("/a/b");
            disk.DeleteDirectory("/a/b");
            disk.Crash(seed);
            if (disk.DirectoryExists("/a/b")) continue;
            disk.CreateDirectory("/a/b");
            Assert.Empty(disk.List("/a/b"));
        }
    }
}
