using System.Runtime.InteropServices;
using KvStore.Storage.FileSystem;

namespace KvStore.Storage.Tests.FileSystem;

/// <summary>What every file system must do; run on the machine's own and on the one in memory.</summary>
public sealed class FileSystemTests : IDisposable
{
    private readonly string root = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName()).Replace('\\', '/');

    public static TheoryData<string> Kinds => ["memory", "platform", "managed"];

    public void Dispose()
    {
        if (Directory.Exists(root)) Directory.Delete(root, recursive: true);
    }

    [Theory, MemberData(nameof(Kinds))]
    public void Bytes_come_back_from_where_they_were_written(string kind)
    {
        IFileSystem fileSystem = Make(kind);
        using IFile file = fileSystem.Open(root + "/a", FileOpen.CreateNew);
        file.WriteAt("hello"u8, 10_000);
        file.Sync();
        byte[] read = new byte[100];
        Assert.Equal(15, file.ReadAt(read, 9_990));
        Assert.Equal([.. new byte[10], .. "hello"u8], read[..15]);
        Assert.Equal(10_005, file.Length);
        Assert.Equal(0, file.ReadAt(read, 20_000));
        file.Allocate(50_000);
        Assert.Equal(50_000, file.Length);
        file.Allocate(10);
        Assert.Equal(50_000, file.Length);
        file.Truncate(3);
        file.Allocate(10_005);
        Assert.Equal(100, file.ReadAt(read, 9_900));
        Assert.All(read, one => Assert.Equal(0, one));
    }

    [Theory, MemberData(nameof(Kinds))]
    public void What_is_written_into_reserved_space_stays_whatever_the_order(string kind)
    {
        IFileSystem fileSystem = Make(kind);
        using IFile file = fileSystem.Open(root + "/a", FileOpen.CreateNew);
        file.Allocate(4 << 20);
        byte[] expected = new byte[4 << 20];
        // In order, then far ahead, then in order again up to and over what lies ahead; then from the beginning, as a recycled file.
        foreach (int at in (int[])[0, 4096, 1 << 20, 3 << 20, (1 << 20) + 4096, 2 << 20, (3 << 20) - 4096, (4 << 20) - 4096, 0, 4096])
        {
            byte[] block = [.. Enumerable.Repeat((byte)(at / 4096 + 1), 4096)];
            file.WriteAt(block, at);
            block.CopyTo(expected, at);
        }
        byte[] read = new byte[4 << 20];
        Assert.Equal(read.Length, file.ReadAt(read, 0));
        Assert.True(expected.AsSpan().SequenceEqual(read));
        Assert.Equal(4 << 20, file.Length);
    }

    [Theory, MemberData(nameof(Kinds))]
    public unsafe void Direct_and_other_writes_of_one_file_see_each_other(string kind)
    {
        IFileSystem fileSystem = Make(kind);
        using IFile file = fileSystem.Open(root + "/a", FileOpen.CreateNew);
        // Not whole blocks: the zeros that go ahead of direct writes end with a part of one.
        int length = (3 << 20) + 1000;
        file.Allocate(length);
        byte[] expected = new byte[length];
        byte[] read = new byte[length];
        byte* memory = (byte*)NativeMemory.AlignedAlloc(64 << 10, 4096);
        Span<byte> room = new(memory, 64 << 10);
        // Where, how much, how far from whole blocks the memory lies.
        foreach ((int at, int count, int shift) in (ValueTuple<int, int, int>[])[(0, 4096, 0), (4096, 8192, 0), (4096, 4096, 512), (12_288, 100, 0), (12_388, 4096, 0), (1 << 20, 32 << 10, 0), (2 << 20, 4096, 0), (3 << 20, 1000, 0), (0, 32 << 10, 0)])
        {
            Span<byte> data = room.Slice(shift, count);
            data.Fill((byte)(at + count + shift + 1 | 1));
            file.WriteDirectAt(data, at);
            data.CopyTo(expected.AsSpan(at));
            if (at > 4096) file.WriteAt(data[..10], at - 4000);
            if (at > 4096) data[..10].CopyTo(expected.AsSpan(at - 4000));
            Assert.Equal(length, file.ReadAt(read, 0));
            Assert.True(expected.AsSpan().SequenceEqual(read), $"after {count} bytes at {at}");
        }
        file.Sync();
        NativeMemory.AlignedFree(memory);
    }

    [Fact]
    public unsafe void What_is_written_directly_takes_no_page_cache_until_it_is_read_ahead()
    {
        IFileSystem fileSystem = Make("platform");
        using IFile file = fileSystem.Open(root + "/a", FileOpen.CreateNew);
        byte* memory = (byte*)NativeMemory.AlignedAlloc(4096, 4096);
        Span<byte> block = new(memory, 4096);
        block.Fill(7);
        file.WriteAt(block, 0);
        file.WriteDirectAt(block, 4096);
        file.Sync();
        byte[] read = new byte[4096];
        Assert.True(file.TryReadWithoutWaiting(read, 0));
        // A file system without a disk has nothing but memory to write to.
        Assert.Equal(new DriveInfo(root).DriveFormat is "tmpfs" or "ramfs", file.TryReadWithoutWaiting(read, 4096));
        file.ReadAhead(4096, 4096);
        Assert.True(SpinWait.SpinUntil(() => file.TryReadWithoutWaiting(read, 4096), TimeSpan.FromMinutes(1)));
        Assert.True(block.SequenceEqual(read));
        NativeMemory.AlignedFree(memory);
    }

    [Theory, MemberData(nameof(Kinds))]
    public void Names_are_listed_renamed_and_deleted(string kind)
    {
        IFileSystem fileSystem = Make(kind);
        fileSystem.CreateDirectory(root + "/x/y");
        foreach (string name in (string[])["b", "C", "a"]) fileSystem.Open($"{root}/x/{name}", FileOpen.OpenOrCreate).Dispose();
        Assert.Equal(["C", "a", "b", "y"], fileSystem.List(root + "/x"));
        fileSystem.Rename(root + "/x/a", root + "/x/b");
        Assert.Equal(["C", "b", "y"], fileSystem.List(root + "/x"));
        fileSystem.SyncDirectory(root + "/x");
        Assert.True(fileSystem.FileExists(root + "/x/b") && !fileSystem.FileExists(root + "/x/a") && !fileSystem.FileExists(root + "/x/y"));
        Assert.True(fileSystem.DirectoryExists(root + "/x/y") && !fileSystem.DirectoryExists(root + "/x/b"));
        fileSystem.DeleteFile(root + "/x/b");
        fileSystem.DeleteDirectory(root + "/x");
        Assert.False(fileSystem.DirectoryExists(root + "/x") || fileSystem.FileExists(root + "/x/C"));
    }

    [Theory, MemberData(nameof(Kinds))]
    public void Errors_are_io_exceptions_that_name_the_path(string kind)
    {
        IFileSystem fileSystem = Make(kind);
        fileSystem.Open(root + "/there", FileOpen.CreateNew).Dispose();
        Assert.Contains(root + "/gone", Assert.Throws<FileNotFoundException>(() => fileSystem.Open(root + "/gone", FileOpen.OpenExisting)).Message, StringComparison.Ordinal);
        Assert.Throws<FileNotFoundException>(() => fileSystem.Open(root + "/gone", FileOpen.ReadOnly));
        Assert.Contains(root + "/gone", Assert.Throws<FileNotFoundException>(() => fileSystem.DeleteFile(root + "/gone")).Message, StringComparison.Ordinal);
        Assert.Contains(root + "/there", Assert.ThrowsAny<IOException>(() => fileSystem.Open(root + "/there", FileOpen.CreateNew)).Message, StringComparison.Ordinal);
        Assert.ThrowsAny<IOException>(() => fileSystem.Rename(root + "/gone", root + "/else"));
        Assert.ThrowsAny<IOException>(() => fileSystem.List(root + "/gone"));
        Assert.ThrowsAny<IOException>(() => fileSystem.SyncDirectory(root + "/gone"));
    }

    [Theory, MemberData(nameof(Kinds))]
    public void A_lock_is_held_by_one_until_it_is_disposed(string kind)
    {
        IFileSystem fileSystem = Make(kind);
        IDisposable? first = fileSystem.TryLock(root + "/lock");
        Assert.NotNull(first);
        Assert.Null(fileSystem.TryLock(root + "/lock"));
        first.Dispose();
        using IDisposable? second = fileSystem.TryLock(root + "/lock");
        Assert.NotNull(second);
    }

    [Theory, MemberData(nameof(Kinds))]
    public void Free_space_is_known(string kind) => Assert.InRange(Make(kind).AvailableBytes(root), 1, long.MaxValue);

    private IFileSystem Make(string kind)
    {
        IFileSystem fileSystem = kind switch { "memory" => new MemoryFileSystem(), "managed" => new ManagedFileSystem(), _ => FileSystems.ForThisPlatform() };
        fileSystem.CreateDirectory(root);
        return fileSystem;
    }
}
