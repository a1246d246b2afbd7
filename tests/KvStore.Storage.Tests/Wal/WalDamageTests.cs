using KvStore.Raft;
using KvStore.Storage.FileSystem;
using KvStore.Storage.Wal;
using static KvStore.Storage.Tests.Wal.WalBench;

namespace KvStore.Storage.Tests.Wal;

public sealed class WalDamageTests
{
    private const int Block = 4096;
    private const string Segment1 = $"{WalDirectory}/00000001.wal";
    private const string Votes = $"{WalDirectory}/votes";
    private static readonly WalOptions Small = Options(segmentBytes: 32 << 10);

    [Fact]
    public void Every_flipped_bit_of_a_sealed_batch_is_detected()
    {
        MemoryFileSystem fileSystem = ThreeBatches(sealIt: true);
        // Blocks: segment head, three batches, seal. Content bit by bit; of the padding, whose every bit the next test flips, a sample.
        for (long bit = 0; bit < 4L * Block * 8; bit += bit % (Block * 8) < 200 * 8 ? 1 : 129)
        {
            fileSystem.FlipBit(Segment1, bit);
            WalCorruptionException refused = Assert.Throws<WalCorruptionException>(() => Open(fileSystem, Small));
            Assert.Equal(Segment1, refused.File);
            Assert.Equal(bit / 8 / Block * Block, refused.Offset);
            Assert.Contains("kvctl node replace", refused.Message, StringComparison.Ordinal);
            fileSystem.FlipBit(Segment1, bit);
        }
    }

    [Fact]
    public void Every_bit_of_a_batch_is_under_a_checksum()
    {
        byte[] batch = ReadAll(ThreeBatches(sealIt: true), Segment1)[Block..(2 * Block)];
        uint seed = WalFormat.SeedOf(Id);
        Assert.True(BatchHeader.TryRead(batch, seed, out BatchHeader whole) && whole.BodyMatches(batch, seed));
        for (int bit = 0; bit < batch.Length * 8; bit++)
        {
            batch[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.False(BatchHeader.TryRead(batch, seed, out BatchHeader header) && header.BodyMatches(batch, seed), $"bit {bit}");
            batch[bit / 8] ^= (byte)(1 << (bit % 8));
        }
    }

    [Fact]
    public void A_flipped_bit_of_the_seal_loses_nothing()
    {
        MemoryFileSystem fileSystem = ThreeBatches(sealIt: true);
        string whole = Recover(fileSystem.CrashClone(0), Small);
        for (long bit = 4L * Block * 8; bit < 5L * Block * 8; bit += 61)
        {
            MemoryFileSystem damaged = fileSystem.CrashClone(0);
            damaged.FlipBit(Segment1, bit);
            Assert.Equal(whole, Recover(damaged, Small));
        }
    }

    [Fact]
    public void The_newest_batch_without_a_seal_is_the_documented_exception_and_is_cut()
    {
        MemoryFileSystem fileSystem = ThreeBatches(sealIt: false);
        string cut = Recover(TwoBatches().CrashClone(0), Small);
        for (long bit = 3L * Block * 8; bit < 4L * Block * 8; bit += 61)
        {
            MemoryFileSystem damaged = fileSystem.CrashClone(0);
            damaged.FlipBit(Segment1, bit);
            Assert.Equal(cut, Recover(damaged, Small));
        }
    }

    [Fact]
    public void Opening_seals_the_newest_batch()
    {
        MemoryFileSystem fileSystem = ThreeBatches(sealIt: false);
        Open(fileSystem, Small).Dispose();
        fileSystem.FlipBit(Segment1, (3L * Block + 70) * 8);
        Assert.Throws<WalCorruptionException>(() => Open(fileSystem, Small));
    }

    [Theory]
    [InlineData(0), InlineData(512), InlineData(1024), InlineData(4096), InlineData(5000)]
    public void A_tail_that_ends_in_zeros_is_torn_and_cut(int kept)
    {
        MemoryFileSystem fileSystem = TwoBatches();
        string before = Recover(fileSystem.CrashClone(0), Small);
        WithThird(fileSystem);
        using (IFile file = fileSystem.Open(Segment1, FileOpen.OpenExisting))
        {
            file.WriteAt(new byte[(2 * Block) - kept], (3 * Block) + kept);
            file.Sync();
        }
        Assert.Equal(before, Recover(fileSystem, Small));
    }

    [Fact]
    public void A_tail_with_lost_sectors_in_its_middle_is_torn_and_cut()
    {
        for (int sector = 0; sector < 7; sector++)
        {
            MemoryFileSystem fileSystem = TwoBatches();
            string before = Recover(fileSystem.CrashClone(0), Small);
            WithThird(fileSystem);
            using (IFile file = fileSystem.Open(Segment1, FileOpen.OpenExisting))
            {
                file.WriteAt(new byte[512], (3 * Block) + (sector * 512));
                file.Sync();
            }
            Assert.Equal(before, Recover(fileSystem, Small));
        }
    }

    [Fact]
    public void Batches_of_a_segments_former_life_are_not_read()
    {
        MemoryFileSystem fileSystem = new();
        WalOptions options = Options(segmentBytes: 32 << 10, targetBytes: 32 << 10);
        using (Storage.Wal.Wal wal = Open(fileSystem, options))
        {
            wal.Write(Batch(Append(1, 1, 1)).Vote(1, 1));
            // Each segment holds seven batches; the file under the newest one had a full former life.
            for (ulong i = 2; i < 60; i++) wal.Write(Batch(Append(1, i, i), Compacted(1, i - 1)));
        }
        Assert.Single(Open1(fileSystem, options).Entries);
        Assert.Equal(new LogIndex(59), Open1(fileSystem, options).Entries[0].Index);
    }

    [Fact]
    public void An_older_copy_of_a_whole_segment_is_corruption()
    {
        MemoryFileSystem fileSystem = new();
        using (Storage.Wal.Wal wal = Open(fileSystem, Small))
        {
            wal.Write(Batch(Append(1, 1, 1)).Vote(1, 1));
            byte[] old = ReadAll(fileSystem, Segment1);
            for (ulong i = 2; i < 20; i++) wal.Write(Batch(Append(1, i, i)));
            WriteAll(fileSystem, Segment1, old);
        }
        WalCorruptionException refused = Assert.Throws<WalCorruptionException>(() => Open(fileSystem, Small));
        Assert.Equal((Segment1, 2L * Block), (refused.File, refused.Offset));
    }

    [Fact]
    public void A_batch_at_another_place_than_its_own_is_corruption()
    {
        MemoryFileSystem fileSystem = ThreeBatches(sealIt: true);
        byte[] content = ReadAll(fileSystem, Segment1);
        content.AsSpan(Block, Block).CopyTo(content.AsSpan(2 * Block));
        WriteAll(fileSystem, Segment1, content);
        Assert.Equal(2 * Block, Assert.Throws<WalCorruptionException>(() => Open(fileSystem, Small)).Offset);
    }

    [Fact]
    public void A_missing_segment_is_corruption()
    {
        MemoryFileSystem fileSystem = new();
        using (Storage.Wal.Wal wal = Open(fileSystem, Small))
        {
            wal.Write(Batch(Append(1, 1, 1)).Vote(1, 1));
            for (ulong i = 2; i < 30; i++) wal.Write(Batch(Append(1, i, i)));
        }
        fileSystem.DeleteFile($"{WalDirectory}/00000002.wal");
        Assert.Contains("segment 2 is missing", Assert.Throws<WalCorruptionException>(() => Open(fileSystem, Small)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_head_of_the_newest_segment_is_no_torn_tail_when_batches_follow_it()
    {
        MemoryFileSystem fileSystem = new();
        using (Storage.Wal.Wal wal = Open(fileSystem, Small))
        {
            wal.Write(Batch(Append(1, 1, 1)).Vote(1, 1));
            for (ulong i = 2; i < 10; i++) wal.Write(Batch(Append(1, i, i)));
        }
        fileSystem.FlipBit($"{WalDirectory}/00000002.wal", 100);
        WalCorruptionException refused = Assert.Throws<WalCorruptionException>(() => Open(fileSystem, Small));
        Assert.Equal(($"{WalDirectory}/00000002.wal", 0L), (refused.File, refused.Offset));
    }

    [Fact]
    public void The_files_of_another_wal_are_refused_by_name()
    {
        MemoryFileSystem fileSystem = ThreeBatches(sealIt: true);
        WalCorruptionException refused = Assert.Throws<WalCorruptionException>(() =>
            Storage.Wal.Wal.Open(fileSystem, Small, Id + 1, Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance));
        Assert.Contains("belongs to the WAL 1122334455667788", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_entry_that_rotted_since_it_was_written_is_not_handed_out()
    {
        MemoryFileSystem fileSystem = new();
        using Storage.Wal.Wal wal = Open(fileSystem, Small);
        wal.Write(Batch(Append(1, 1, 1)).Vote(1, 1));
        fileSystem.FlipBit(Segment1, (Block + 64 + 32 + 20 + 5) * 8);
        WalCorruptionException refused = Assert.Throws<WalCorruptionException>(() => wal.LogOf(new GroupId(1)).Read(new LogIndex(1), new LogIndex(2), 1000));
        Assert.Equal(Block + 64 + 32, refused.Offset);
    }

    [Fact]
    public void Every_flipped_bit_of_a_vote_copy_is_detected()
    {
        byte[] copy = new byte[VoteSlot.Bytes];
        VoteSlot slot = new(new GroupId(3), new HardState(new Term(9), new ReplicaId(4)), 17, 33);
        slot.Write(copy, Id, 5, VoteCopy.B);
        Assert.Equal(slot, VoteSlot.TryRead(copy, Id, 5, VoteCopy.B));
        Assert.Null(VoteSlot.TryRead(copy, Id, 5, VoteCopy.A));
        Assert.Null(VoteSlot.TryRead(copy, Id, 6, VoteCopy.B));
        Assert.Null(VoteSlot.TryRead(copy, Id + 1, 5, VoteCopy.B));
        for (int bit = 0; bit < copy.Length * 8; bit++)
        {
            copy[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.Null(VoteSlot.TryRead(copy, Id, 5, VoteCopy.B));
            copy[bit / 8] ^= (byte)(1 << (bit % 8));
        }
    }

    [Theory]
    [InlineData(0), InlineData(16)]
    public void One_damaged_vote_copy_is_healed_from_the_other(int block)
    {
        MemoryFileSystem fileSystem = ThreeBatches(sealIt: true);
        string whole = Recover(fileSystem.CrashClone(0), Small);
        byte[] before = ReadAll(fileSystem, Votes);
        fileSystem.FlipBit(Votes, (block * (long)Block * 8) + 333);
        Assert.Equal(whole, Recover(fileSystem, Small));
        Assert.Equal(before, ReadAll(fileSystem, Votes));
    }

    [Fact]
    public void Two_damaged_vote_copies_are_refused()
    {
        MemoryFileSystem fileSystem = ThreeBatches(sealIt: true);
        fileSystem.FlipBit(Votes, 333);
        fileSystem.FlipBit(Votes, (16L * Block * 8) + 7000);
        WalCorruptionException refused = Assert.Throws<WalCorruptionException>(() => Open(fileSystem, Small));
        Assert.Equal(Votes, refused.File);
        Assert.Contains("kvctl node replace", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_missing_or_older_vote_record_is_refused()
    {
        MemoryFileSystem fileSystem = new();
        byte[] old;
        using (Storage.Wal.Wal wal = Open(fileSystem, Small))
        {
            wal.Write(Batch(Append(1, 1, 1)).Vote(1, 1));
            old = ReadAll(fileSystem, Votes);
            wal.Write(Batch(Append(1, 2, 2, term: 2)).Vote(1, 2));
        }
        WriteAll(fileSystem, Votes, old);
        Assert.Contains("an entry of term 2", Assert.Throws<WalCorruptionException>(() => Open(fileSystem, Small)).Message, StringComparison.Ordinal);
        fileSystem.DeleteFile(Votes);
        Assert.Contains("missing", Assert.Throws<WalCorruptionException>(() => Open(fileSystem, Small)).Message, StringComparison.Ordinal);
    }

    private static MemoryFileSystem ThreeBatches(bool sealIt)
    {
        MemoryFileSystem fileSystem = new();
        using Storage.Wal.Wal wal = Open(fileSystem, Small);
        wal.Write(Batch(Append(1, 1, 1, bytes: 10)).Vote(1, 1));
        wal.Write(Batch(Append(2, 1, 2, bytes: 10)).Vote(2, 1, 3));
        wal.Write(Batch(Append(1, 2, 2, bytes: 10), Compacted(1, 1)));
        if (sealIt) wal.Seal();
        return fileSystem;
    }

    private static MemoryFileSystem TwoBatches()
    {
        MemoryFileSystem fileSystem = new();
        Storage.Wal.Wal wal = Open(fileSystem, Small);
        wal.Write(Batch(Append(1, 1, 1, bytes: 10)).Vote(1, 1));
        wal.Write(Batch(Append(2, 1, 2, bytes: 10)).Vote(2, 1, 3));
        wal.Dispose();
        return fileSystem;
    }

    /// <summary>A third batch of two blocks, at block 3, whose acknowledgement never came: nothing seals it.</summary>
    private static void WithThird(MemoryFileSystem fileSystem)
    {
        MemoryFileSystem twin = new();
        using (Storage.Wal.Wal wal = Open(twin, Small))
        {
            wal.Write(Batch(Append(1, 1, 1, bytes: 10)).Vote(1, 1));
            wal.Write(Batch(Append(2, 1, 2, bytes: 10)).Vote(2, 1, 3));
            wal.Write(Batch(Append(1, 2, 2, bytes: 5000)));
        }
        WriteAll(fileSystem, Segment1, ReadAll(twin, Segment1));
    }

    private static WalGroupRecovery Open1(MemoryFileSystem fileSystem, WalOptions options)
    {
        using Storage.Wal.Wal wal = Open(fileSystem, options);
        return Assert.Single(wal.TakeRecovered());
    }

    private static byte[] ReadAll(MemoryFileSystem fileSystem, string path)
    {
        using IFile file = fileSystem.Open(path, FileOpen.ReadOnly);
        byte[] content = new byte[file.Length];
        file.ReadAt(content, 0);
        return content;
    }

    private static void WriteAll(MemoryFileSystem fileSystem, string path, byte[] content)
    {
        using IFile file = fileSystem.Open(path, FileOpen.OpenExisting);
        file.WriteAt(content, 0);
        file.Truncate(content.Length);
        file.Sync();
    }
}
