using KvStore.Raft;
using KvStore.Storage.FileSystem;
using KvStore.Storage.Wal;
using static KvStore.Storage.Tests.Wal.WalBench;

namespace KvStore.Storage.Tests.Wal;

public sealed class WalCrashTests
{
    private static readonly WalOptions Small = Options(segmentBytes: 16 << 10, targetBytes: 32 << 10);

    [Fact]
    public void A_crash_at_any_disk_operation_leaves_what_was_acknowledged_and_at_most_the_batch_in_flight()
    {
        WalBatch[] workload = Workload();
        long operations = 0;
        for (long stop = 1; ; stop++)
        {
            MemoryFileSystem fileSystem = new() { StopAtOperation = stop };
            (WalModel acknowledged, WalModel inFlight, bool finished) = Run(fileSystem, workload);
            for (ulong seed = 0; seed < 4; seed++)
            {
                MemoryFileSystem survivor = fileSystem.CrashClone(seed * 1_000_003 + (ulong)stop);
                WalModel first = Recovered(survivor);
                WalModel.CheckRecovered(acknowledged, inFlight, first);
                survivor.Crash(seed);
                WalModel second = Recovered(survivor);
                WalModel.CheckRecovered(first, first, second);
            }
            if (finished) break;
            operations = stop;
        }
        Assert.True(operations > 100, $"only {operations} operations were crashed at");
    }

    [Fact]
    public void A_crash_at_any_operation_of_recovery_loses_nothing()
    {
        WalBatch[] workload = Workload();
        for (long stop = 20; stop < 140; stop += 7)
        {
            MemoryFileSystem fileSystem = new() { StopAtOperation = stop };
            (WalModel acknowledged, WalModel inFlight, _) = Run(fileSystem, workload);
            for (long second = 1; second < 12; second++)
            {
                MemoryFileSystem survivor = fileSystem.CrashClone((ulong)(stop * 31 + second));
                survivor.StopAtOperation = second;
                try { Open(survivor, Small).Dispose(); }
                catch (MachineStoppedException) { }
                survivor.Crash((ulong)second);
                WalModel.CheckRecovered(acknowledged, inFlight, Recovered(survivor));
            }
        }
    }

    [Fact]
    public void A_killed_process_keeps_what_the_page_cache_holds_and_writes_it_again()
    {
        MemoryFileSystem fileSystem = new();
        Storage.Wal.Wal wal = Open(fileSystem, Small);
        wal.Write(Batch(Append(1, 1, 1)).Vote(1, 1));
        fileSystem.FailSyncs = true;
        Assert.Throws<IOException>(() => wal.Write(Batch(Append(1, 2, 2))));
        fileSystem.FailSyncs = false;
        fileSystem.KillProcess();

        WalModel seen = Recovered(fileSystem);
        Assert.Equal(2ul, seen.LastIndex(1));
        for (ulong seed = 0; seed < 20; seed++) Assert.Equal(seen.ShowLogs(), Recovered(fileSystem.CrashClone(seed)).ShowLogs());
    }

    /// <summary>Simulation, seed 504: the sync of a vote failed, the process was started again, relied on what the page cache showed, and lost it with the power.</summary>
    [Theory]
    [InlineData(0), InlineData(1)]
    public void A_vote_that_was_read_at_the_start_is_durable_though_its_own_sync_had_failed(int failedStarts)
    {
        MemoryFileSystem fileSystem = new();
        Storage.Wal.Wal wal = Open(fileSystem, Small);
        wal.Write(Batch().Vote(1, 1));
        fileSystem.FailSyncs = true;
        Assert.Throws<IOException>(() => wal.Write(Batch().Vote(1, 2)));
        for (int i = 0; i < failedStarts; i++)
        {
            fileSystem.KillProcess();
            Assert.Throws<IOException>(() => Open(fileSystem, Small));
        }
        fileSystem.FailSyncs = false;
        fileSystem.KillProcess();

        HardState seen = Recovered(fileSystem).StateOf(1);
        Assert.Equal(new Term(2), seen.Term);
        for (ulong seed = 0; seed < 20; seed++) Assert.Equal(seen, Recovered(fileSystem.CrashClone(seed)).StateOf(1));
    }

    /// <summary>Simulation, seed 1127: a new segment file was made, its directory was not synced, the process was started again and wrote acknowledged batches into it.</summary>
    [Fact]
    public void A_segment_file_whose_name_was_not_synced_is_not_lost_with_what_is_written_into_it_later()
    {
        for (int operation = 1; operation < 12; operation++)
        {
            MemoryFileSystem fileSystem = new();
            Storage.Wal.Wal wal = Open(fileSystem, Small);
            wal.Write(Batch(Append(1, 1, 1)).Vote(1, 1));
            fileSystem.FailAtOperation = fileSystem.OperationCount + operation;
            ulong last = FillUntilFailure(wal, from: 2);
            fileSystem.FailAtOperation = 0;
            fileSystem.KillProcess();

            wal = Open(fileSystem, Small);
            ulong next = WalModel.Of(wal.TakeRecovered()).LastIndex(1) + 1;
            for (ulong i = next; i < next + 12; i++) wal.Write(Batch(Append(1, i, i, bytes: 3000)));
            for (ulong seed = 0; seed < 12; seed++) Assert.Equal(next + 11, Recovered(fileSystem.CrashClone(seed)).LastIndex(1));
            Assert.True(last < next);
        }
    }

    private static ulong FillUntilFailure(Storage.Wal.Wal wal, ulong from)
    {
        for (ulong i = from; ; i++)
        {
            try { wal.Write(Batch(Append(1, i, i, bytes: 3000))); }
            catch (IOException) { return i - 1; }
        }
    }

    [Fact]
    public void A_failed_write_or_sync_is_final()
    {
        MemoryFileSystem fileSystem = new();
        using Storage.Wal.Wal wal = Open(fileSystem, Small);
        wal.Write(Batch(Append(1, 1, 1)).Vote(1, 1));
        fileSystem.FailAtOperation = fileSystem.OperationCount + 2;
        IOException first = Assert.Throws<IOException>(() => wal.Write(Batch(Append(1, 2, 2))));
        long operations = fileSystem.OperationCount;
        Assert.Same(first, Assert.Throws<IOException>(() => wal.Write(Batch(Append(1, 2, 2)))));
        Assert.Same(first, Assert.Throws<IOException>(() => wal.Idle(new MonotonicTime(0))));
        Assert.Same(first, Assert.Throws<IOException>(wal.Seal));
        Assert.Equal(operations, fileSystem.OperationCount);
    }

    [Fact]
    public void A_disk_that_fills_up_midway_loses_nothing_acknowledged_and_serves_again_when_there_is_space()
    {
        for (int capacity = 140 << 10; capacity < 240 << 10; capacity += 1500)
        {
            MemoryFileSystem fileSystem = new() { CapacityBytes = capacity };
            WalModel acknowledged = new();
            WalModel inFlight = acknowledged;
            try
            {
                Storage.Wal.Wal wal = Open(fileSystem, Small);
                for (ulong i = 1; ; i++)
                {
                    WalBatch batch = Batch(Append(1, i, i, bytes: 3000)).Vote(1, 1);
                    inFlight = acknowledged.After(batch);
                    wal.Write(batch);
                    acknowledged = inFlight;
                }
            }
            catch (DiskFullException)
            {
                fileSystem.Crash((ulong)capacity);
            }
            fileSystem.CapacityBytes = 8 << 20;
            WalModel.CheckRecovered(acknowledged, inFlight, Recovered(fileSystem));
        }
    }

    [Theory]
    [InlineData(1), InlineData(2), InlineData(3), InlineData(4), InlineData(5), InlineData(6)]
    public void Random_work_and_crashes_agree_with_the_model(int seed)
    {
        Random random = new(seed);
        MemoryFileSystem fileSystem = new();
        WalModel model = new();
        Storage.Wal.Wal wal = Open(fileSystem, Small);
        int crashes = 0;
        for (int step = 0; step < 700; step++)
        {
            if (fileSystem.StopAtOperation == 0 && random.Next(12) == 0) fileSystem.StopAtOperation = fileSystem.OperationCount + random.Next(1, 12);
            WalBatch batch = RandomBatch(random, model);
            WalModel after = model.After(batch);
            try
            {
                if (random.Next(6) == 0) wal.Seal();
                wal.Write(batch);
                model = after;
            }
            catch (MachineStoppedException)
            {
                crashes++;
                (wal, WalModel recovered) = ReopenAmidCrashes(fileSystem, random);
                WalModel.CheckRecovered(model, after, recovered);
                model = recovered;
            }
        }
        Assert.True(crashes > 20, $"{crashes} crashes");
        int files = fileSystem.List(WalDirectory).Count;
        Assert.True(files < wal.Bytes / Small.SegmentBytes + 8, $"{files} files for {wal.Bytes} live bytes");
    }

    private static (Storage.Wal.Wal Wal, WalModel Recovered) ReopenAmidCrashes(MemoryFileSystem fileSystem, Random random)
    {
        while (true)
        {
            fileSystem.Crash((ulong)random.NextInt64());
            if (random.Next(2) == 0) fileSystem.StopAtOperation = fileSystem.OperationCount + random.Next(1, 10);
            try
            {
                Storage.Wal.Wal wal = Open(fileSystem, Small);
                return (wal, WalModel.Of(wal.TakeRecovered()));
            }
            catch (MachineStoppedException)
            {
                continue;
            }
        }
    }

    private static WalBatch RandomBatch(Random random, WalModel model)
    {
        WalBatch batch = Batch();
        HashSet<ulong> used = [];
        for (int i = random.Next(1, 5); i > 0; i--)
        {
            ulong group = (ulong)random.Next(1, 7);
            if (!used.Add(group)) continue;
            ulong term = model.StateOf(group).Term.Value;
            if (term == 0 || random.Next(10) == 0) batch.Vote(group, ++term, (ulong)random.Next(0, 4));
            ulong last = model.LastIndex(group);
            ulong compacted = model.CompactedIndex(group);
            int choice = random.Next(40);
            if (choice == 0) batch.Records.Add(Removed(group));
            else if (choice == 1) batch.Records.Add(Reset(group, last + 5, term));
            else if (choice < 14 && last > compacted) batch.Records.Add(Compacted(group, compacted + 1 + (ulong)random.NextInt64((long)(last - compacted)), term));
            else
            {
                ulong from = random.Next(8) == 0 && last > compacted ? last : last + 1;
                batch.Records.Add(Append(group, from, from + (ulong)random.Next(0, 4), term, random.Next(0, 900)));
            }
            if (choice == 0) batch.HardStates.RemoveAll(state => state.Group.Value == group);
        }
        return batch;
    }

    private static (WalModel Acknowledged, WalModel InFlight, bool Finished) Run(MemoryFileSystem fileSystem, WalBatch[] workload)
    {
        WalModel acknowledged = new();
        WalModel inFlight = acknowledged;
        try
        {
            using Storage.Wal.Wal wal = Open(fileSystem, Small);
            foreach (WalBatch batch in workload)
            {
                inFlight = acknowledged.After(batch);
                wal.Write(batch);
                acknowledged = inFlight;
                if (batch.Records.Count % 2 == 0) wal.Seal();
            }
            return (acknowledged, inFlight, true);
        }
        catch (MachineStoppedException)
        {
            return (acknowledged, inFlight, false);
        }
    }

    private static WalModel Recovered(MemoryFileSystem fileSystem)
    {
        using Storage.Wal.Wal wal = Open(fileSystem, Small);
        return WalModel.Of(wal.TakeRecovered());
    }

    /// <summary>Three groups interleaved, votes, overwrites, marks, a removed group, more groups than vote slots, and several turns of recycling.</summary>
    private static WalBatch[] Workload()
    {
        List<WalBatch> batches = [];
        batches.Add(Batch(Append(1, 1, 3), Append(2, 1, 1)).Vote(1, 1, 1).Vote(2, 1));
        batches.Add(Batch(Append(3, 1, 2)).Vote(3, 2, 5));
        batches.Add(Batch(Append(1, 2, 5, term: 3), Removed(2)).Vote(1, 3));
        batches.Add(Batch(Reset(3, 30, 4), Append(3, 31, 31, term: 4)).Vote(3, 4));
        for (ulong i = 6; i < 26; i++)
        {
            batches.Add(Batch(Append(1, i, i, term: 3, bytes: 2500), Append(3, 26 + i, 26 + i, term: 4)));
            if (i % 3 == 0) batches.Add(Batch(Compacted(1, i - 1, 3), Compacted(3, 24 + i, 4)));
        }
        WalBatch many = Batch();
        for (ulong group = 40; group < 60; group++) many.Vote(group, group, 2);
        batches.Add(many);
        batches.Add(Batch(Append(40, 1, 1)));
        return [.. batches];
    }
}
