using KvStore.Raft;
using KvStore.Storage.FileSystem;
using KvStore.Storage.Wal;
using static KvStore.Storage.Tests.Wal.WalBench;

namespace KvStore.Storage.Tests.Wal;

public sealed class WalTests
{
    private readonly MemoryFileSystem fileSystem = new();

    [Fact]
    public void A_new_wal_has_no_groups()
    {
        Assert.Equal("", Recover(fileSystem));
        Assert.Equal("", Recover(fileSystem));
    }

    [Fact]
    public void What_was_written_is_there_after_a_power_cut()
    {
        Storage.Wal.Wal wal = Open(fileSystem);
        wal.Write(Batch(Append(1, 1, 3), Append(2, 1, 1, term: 2)).Vote(1, 1, 7).Vote(2, 2));
        fileSystem.Crash(1);

        using Storage.Wal.Wal again = Open(fileSystem);
        IReadOnlyList<WalGroupRecovery> groups = again.TakeRecovered();
        Assert.Equal([new GroupId(1), new GroupId(2)], groups.Select(group => group.Group));
        Assert.Equal(new HardState(new Term(1), new ReplicaId(7)), groups[0].HardState);
        Assert.Equal(EntryAt(2).Payload.ToArray(), groups[0].Entries[1].Payload.ToArray());
        Assert.Equal(3, groups[0].Entries.Count);
        Assert.Equal(new Term(2), groups[1].Entries[0].Term);
    }

    [Fact]
    public void An_entry_replaces_all_that_stood_at_and_after_its_index()
    {
        using Storage.Wal.Wal wal = Open(fileSystem);
        wal.Write(Batch(Append(1, 1, 10)).Vote(1, 1));
        wal.Write(Batch(Append(1, 4, 5, term: 2)).Vote(1, 2));
        Assert.Equal([1ul, 1, 1, 2, 2], Read(wal, 1, 1, 6).Select(entry => entry.Term.Value));
        Assert.EndsWith(": " + string.Join(' ', Entries(1, 3).Concat(Entries(4, 5, term: 2)).Select(e => $"{e.Index}/{e.Term}#{Crc32C.Of(e.Payload.Span):x8}")), Recover(fileSystem));
    }

    [Fact]
    public void Compacted_reset_and_removed_survive_a_restart()
    {
        using (Storage.Wal.Wal wal = Open(fileSystem))
        {
            wal.Write(Batch(Append(1, 1, 5), Append(2, 1, 5), Append(3, 1, 5)).Vote(1, 1).Vote(2, 1).Vote(3, 1));
            wal.Write(Batch(Compacted(1, 3), Reset(2, 90, 4), Removed(3)));
        }
        string[] groups = Recover(fileSystem).Split('\n');
        Assert.Equal(2, groups.Length);
        Assert.StartsWith("1: term 1 vote 0 after 3/1: 4/1#", groups[0]);
        Assert.Equal("2: term 1 vote 0 after 90/4: ", groups[1]);
    }

    [Fact]
    public void Entries_are_read_back_within_the_byte_limit_and_at_least_one()
    {
        using Storage.Wal.Wal wal = Open(fileSystem);
        for (ulong i = 1; i <= 50; i++) wal.Write(Batch(Append(1, i, i)).Vote(1, 1));
        Assert.Equal(49, wal.LogOf(new GroupId(1)).Read(new LogIndex(1), new LogIndex(50), long.MaxValue).Count);
        Assert.Equal(3, wal.LogOf(new GroupId(1)).Read(new LogIndex(7), new LogIndex(50), 3 * EntryAt(1).Size).Count);
        Entry one = Assert.Single(wal.LogOf(new GroupId(1)).Read(new LogIndex(7), new LogIndex(50), 1));
        Assert.Equal(new LogIndex(7), one.Index);
        Assert.Throws<ArgumentOutOfRangeException>(() => Read(wal, 1, 51, 52));
        Assert.Throws<ArgumentOutOfRangeException>(() => Read(wal, 9, 1, 2));
    }

    [Fact]
    public void Segments_are_recycled_and_marks_in_them_are_not_lost()
    {
        WalOptions options = Options(targetBytes: 64 << 10);
        using (Storage.Wal.Wal wal = Open(fileSystem, options))
        {
            wal.Write(Batch(Append(1, 1, 3), Reset(2, 40, 3), Removed(3)).Vote(1, 1).Vote(2, 3));
            wal.Write(Batch(Compacted(1, 3)));
            for (ulong i = 1; i <= 200; i++)
            {
                wal.Write(Batch(Append(5, i, i, bytes: 3000)).Vote(5, 1));
                if (i % 4 == 0) wal.Write(Batch(Compacted(5, i - 1)));
            }
            Assert.True(wal.Bytes <= 3 * options.SegmentBytes, $"{wal.Bytes} bytes live");
        }
        Assert.True(fileSystem.List(WalDirectory).Count <= 5);
        string[] groups = Recover(fileSystem, options).Split('\n');
        Assert.Equal("1: term 1 vote 0 after 3/1: ", groups[0]);
        Assert.Equal("2: term 3 vote 0 after 40/3: ", groups[1]);
        Assert.StartsWith("5: term 1 vote 0 after 199/1: 200/1#", groups[2]);
    }

    [Fact]
    public void A_batch_larger_than_a_segment_is_split_and_an_entry_larger_than_one_gets_a_larger_segment()
    {
        using (Storage.Wal.Wal wal = Open(fileSystem))
        {
            wal.Write(Batch(Append(1, 1, 100, bytes: 5000), Append(2, 1, 1, bytes: 300_000), Append(1, 101, 101)).Vote(1, 1).Vote(2, 1));
            Assert.Equal(101, Read(wal, 1, 1, 102).Count);
            Assert.Equal(EntryAt(1, bytes: 300_000).Payload.ToArray(), Read(wal, 2, 1, 2)[0].Payload.ToArray());
        }
        using Storage.Wal.Wal again = Open(fileSystem);
        Assert.Equal([101, 1], again.TakeRecovered().Select(group => group.Entries.Count));
    }

    [Fact]
    public void An_idle_group_that_pins_the_oldest_segment_is_named()
    {
        using Storage.Wal.Wal wal = Open(fileSystem, Options(targetBytes: 64 << 10));
        wal.Write(Batch(Append(9, 1, 1)).Vote(9, 1));
        for (ulong i = 1; i <= 100 && wal.GroupToCheckpoint is null; i++)
        {
            wal.Write(Batch(Append(1, i, i, bytes: 8000)).Vote(1, 1));
            if (i > 3) wal.Write(Batch(Compacted(1, i - 3)));
        }
        Assert.Equal(new GroupId(9), wal.GroupToCheckpoint);
        Assert.True(wal.Bytes > 4 * (64 << 10));
        wal.Write(Batch(Compacted(9, 1)));
        wal.Seal();
        Assert.Null(wal.GroupToCheckpoint);
        Assert.True(wal.Bytes <= 2 * (64 << 10));
    }

    [Fact]
    public void Of_a_wal_that_is_too_large_a_group_need_not_keep_the_older_half()
    {
        const int entryBytes = 8000;
        using Storage.Wal.Wal wal = Open(fileSystem, Options(targetBytes: 64 << 10));
        wal.Write(Batch(Append(9, 1, 1)).Vote(9, 1));
        ulong last = 0;
        while (wal.GroupToCheckpoint is null)
        {
            Assert.Equal(LogIndex.None, wal.IndexToForget(new GroupId(1)));
            last++;
            wal.Write(Batch(Append(1, last, last, bytes: entryBytes)).Vote(1, 1));
        }
        Assert.Equal(new LogIndex(1), wal.IndexToForget(new GroupId(9)));
        Assert.Equal(LogIndex.None, wal.IndexToForget(new GroupId(7)));
        LogIndex half = wal.IndexToForget(new GroupId(1));
        Assert.InRange(half.Value, last / 4, last * 3 / 4);
        long before = wal.Bytes;
        wal.Write(Batch(Compacted(9, 1), Compacted(1, half.Value)));
        wal.Seal();
        Assert.InRange(wal.Bytes, before / 4, before * 3 / 4);
        Assert.Equal(LogIndex.None, wal.IndexToForget(new GroupId(1)));
        Assert.Equal(last, (ulong)Read(wal, 1, half.Value + 1, last + 1).Count + half.Value);
    }

    [Fact]
    public void The_seal_is_due_within_5_ms_of_the_first_idle_moment()
    {
        using Storage.Wal.Wal wal = Open(fileSystem);
        MonotonicTime now = new(1_000_000_000);
        Assert.Null(wal.Idle(now));
        wal.Write(Batch(Append(1, 1, 1)).Vote(1, 1));
        TimeSpan? wait = wal.Idle(now);
        Assert.InRange(wait!.Value, TimeSpan.FromTicks(1), TimeSpan.FromMilliseconds(5));
        long before = fileSystem.OperationCount;
        Assert.Null(wal.Idle(now + wait.Value));
        Assert.Equal(2, fileSystem.OperationCount - before);
        Assert.Null(wal.Idle(now + TimeSpan.FromSeconds(9)));
        Assert.Equal(2, fileSystem.OperationCount - before);
    }

    [Fact]
    public void Too_little_space_is_seen_before_the_wal_cannot_be_written()
    {
        fileSystem.CapacityBytes = 2 << 20;
        using Storage.Wal.Wal wal = Open(fileSystem, Options(reserveBytes: 1 << 20));
        Assert.True(wal.HasRoom);
        ulong index = 0;
        while (wal.HasRoom) wal.Write(Batch(Append(1, ++index, index, bytes: 8000)).Vote(1, 1));
        wal.Write(Batch(Append(1, index + 1, index + 1)));
        wal.Seal();
        Assert.NotNull(wal.Idle(new MonotonicTime(0)));
        fileSystem.CapacityBytes = 8 << 20;
        Assert.Null(wal.Idle(new MonotonicTime(0)));
        Assert.True(wal.HasRoom);
    }

    [Fact]
    public void Readers_beside_the_writer_see_only_whole_entries_of_their_own()
    {
        using Storage.Wal.Wal wal = Open(fileSystem, Options(segmentBytes: 16 << 10, targetBytes: 16 << 10));
        wal.Write(Batch(Append(1, 1, 3)).Vote(1, 1));
        using ManualResetEventSlim done = new();
        Exception? wrong = null;
        Thread reader = new(() => wrong = Record.Exception(() =>
        {
            while (!done.IsSet) ReadNewest(wal);
        }));
        reader.Start();
        for (ulong i = 4; i < 500; i++) wal.Write(Batch(Append(1, i, i), Compacted(1, i - 3)));
        done.Set();
        reader.Join();
        Assert.Null(wrong);
        Assert.Equal(3, ReadNewest(wal));
    }

    /// <summary>Reads what is left of the newest entries, whichever the writer leaves; each must be what was written at its index.</summary>
    private static int ReadNewest(Storage.Wal.Wal wal)
    {
        try
        {
            ILogSource log = wal.LogOf(new GroupId(1));
            IReadOnlyList<Entry> newest = log.Read(wal.FirstIndexOf(new GroupId(1)), new LogIndex(2000), long.MaxValue);
            foreach (Entry entry in newest) Assert.Equal(EntryAt(entry.Index.Value).Payload.ToArray(), entry.Payload.ToArray());
            return newest.Count;
        }
        catch (ArgumentOutOfRangeException)
        {
            return 0; // Compacted between the question and the read: the writer was faster.
        }
    }

    [Fact]
    public void A_gap_in_a_log_is_refused_before_anything_is_written()
    {
        using Storage.Wal.Wal wal = Open(fileSystem);
        long before = fileSystem.OperationCount;
        Assert.Throws<InvariantViolationException>(() => wal.Write(Batch(Append(1, 2, 2)).Vote(1, 1)));
        Assert.Equal(before, fileSystem.OperationCount);
    }

    [Fact]
    public void A_second_vote_in_a_term_is_refused()
    {
        using Storage.Wal.Wal wal = Open(fileSystem);
        wal.Write(Batch().Vote(1, 5, 2));
        Assert.Throws<InvariantViolationException>(() => wal.Write(Batch().Vote(1, 5, 3)));
    }

    [Fact]
    public void A_group_that_comes_back_after_its_removal_starts_anew()
    {
        using (Storage.Wal.Wal wal = Open(fileSystem))
        {
            wal.Write(Batch(Append(1, 1, 9, term: 5)).Vote(1, 5, 2));
            wal.Write(Batch(Removed(1), Append(1, 1, 1, term: 2)).Vote(1, 2, 8));
        }
        Assert.StartsWith("1: term 2 vote 8 after 0/0: 1/2#", Recover(fileSystem));
    }

    private static IReadOnlyList<Entry> Read(Storage.Wal.Wal wal, ulong group, ulong from, ulong to) =>
        wal.LogOf(new GroupId(group)).Read(new LogIndex(from), new LogIndex(to), long.MaxValue);
}
