using System.Security.Cryptography;
using KvStore.Raft;
using KvStore.Storage.FileSystem;
using KvStore.Storage.Wal;
using static KvStore.Storage.Tests.Wal.WalBench;

namespace KvStore.Storage.Tests.Wal;

/// <summary>Freezes what stands on disk. A change here needs a new format version and a reader for the old one.</summary>
public sealed class WalGoldenTests
{
    [Fact]
    public void Persisted_numbers_are_frozen()
    {
        Assert.Equal([1, 2, 3, 4, 5], Enum.GetValues<WalRecordKind>().Select(kind => (int)kind));
        Assert.Equal([1, 2, 3], Enum.GetValues<EntryKind>().Select(kind => (int)kind));
        Assert.Equal([0, 1], Enum.GetValues<VoteCopy>().Select(copy => (int)copy));
        Assert.Equal((4096, 64, 16, 16, 20), (WalFormat.BlockBytes, WalFormat.BatchHeaderBytes, WalFormat.RecordHeaderBytes, WalFormat.EntriesPrefixBytes, WalFormat.EntryHeaderBytes));
        Assert.Equal(0xE3069283u, Crc32C.Of("123456789"u8));
    }

    [Fact]
    public void The_bytes_of_a_batch_are_frozen()
    {
        MemoryFileSystem fileSystem = Written();
        byte[] segment = Bytes(fileSystem, $"{WalDirectory}/00000001.wal", 3 * 4096);
        Assert.Equal("4b56574201000000887766554433221101000000000000000200000000000000010000000000000001000000a8000000040000007f6b4bb8000000007248f655", Convert.ToHexStringLower(segment.AsSpan(4096, 64)));
        Assert.Equal("0100000040000000010000000000000001000000000000000200000000000000fb1dcec404000000010000000000000001000000262728292ae2954e0400000001000000000000000100000045464748030000001000000002000000000000000900000000000000030000000000000002000000100000000100000000000000010000000000000001000000", Convert.ToHexStringLower(segment.AsSpan(4096 + 64, 140)));
        Assert.Equal("9e03e3b22c3b7ec2d8c433fad7f1d7e6fd8dbf7d309f872c393693ad0646fa50", Convert.ToHexStringLower(SHA256.HashData(segment)));
    }

    [Fact]
    public void The_bytes_of_a_vote_slot_are_frozen()
    {
        MemoryFileSystem fileSystem = Written();
        byte[] votes = Bytes(fileSystem, $"{WalDirectory}/votes", 16 * 2 * 4096);
        Assert.Equal("4b565654010000018877665544332211000000000000000001000000000000000100000000000000050000000000000007000000000000000100000000000000", Convert.ToHexStringLower(votes.AsSpan(0, 64)));
        Assert.Equal("931c9faa", Convert.ToHexStringLower(votes.AsSpan(4092, 4)));
        Assert.Equal("425466b1f154416c1a9898800ea80c5db0e8f76485df4f08f3df63c7e1faa86c", Convert.ToHexStringLower(SHA256.HashData(votes)));
    }

    private static MemoryFileSystem Written()
    {
        MemoryFileSystem fileSystem = new();
        using Storage.Wal.Wal wal = Open(fileSystem);
        wal.Write(Batch(Append(1, 1, 2, bytes: 4), Reset(2, 9, 3), Compacted(1, 1), Removed(3)).Vote(1, 5, 7));
        wal.Seal();
        return fileSystem;
    }

    private static byte[] Bytes(MemoryFileSystem fileSystem, string path, int count)
    {
        using IFile file = fileSystem.Open(path, FileOpen.ReadOnly);
        byte[] bytes = new byte[count];
        Assert.Equal(count, file.ReadAt(bytes, 0));
        return bytes;
    }
}
