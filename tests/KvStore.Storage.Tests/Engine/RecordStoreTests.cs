using System.Text;
using KvStore.Storage.Engine;
using KvStore.Storage.FileSystem;

namespace KvStore.Storage.Tests.Engine;

/// <summary>What was once wrong, or must never be, each as small as it gets.</summary>
public sealed class RecordStoreTests
{
    public static TheoryData<string> Kinds => StoreTwins.Kinds;

    [Theory, MemberData(nameof(Kinds))]
    public void Reclaim_keeps_the_records_of_an_ancestor_for_the_range_that_was_split_off(string kind)
    {
        using var twins = new StoreTwins(kind);
        using var store = twins.Open();
        var parent = store.CreateRange(new Stay(1));
        GroupStoreTests.Put(parent, "z", "old", 1);
        var child = store.CreateRange(RangeDescription.New(new Stay(2)) with { Start = "m"u8.ToArray(), Lineage = [new RangeAncestor(new Stay(1), new Revision(1))] });
        using (var snapshot = parent.Snapshot(null, SnapshotHistory.All))
            foreach (var (id, record) in snapshot.Records(new Revision(1))) child.Restore(id, record);
        child.Publish(new Revision(1));
        GroupStoreTests.Delete(parent, "z", 2);
        parent.Compact(new Revision(2));
        child.Compact(new Revision(1));
        GroupStoreTests.Checkpoint(store, "");
        Assert.True(store.Reclaim());
        Assert.Equal("old", GroupStoreTests.Get(child, "z"));
    }

    [Theory, MemberData(nameof(Kinds))]
    public void A_reader_of_a_dropped_range_is_told_so_and_not_of_damage(string kind)
    {
        using var twins = new StoreTwins(kind);
        using var store = twins.Open();
        var range = store.CreateRange(new Stay(1));
        GroupStoreTests.Put(range, "a", "1", 1);
        store.DropRange(range.Stay);
        GroupStoreTests.Checkpoint(store, "");
        Assert.True(store.Reclaim());
        Assert.Throws<SnapshotEndedException>(() => GroupStoreTests.Get(range, "a"));
    }

    [Theory, MemberData(nameof(Kinds))]
    public void A_refused_checkpoint_on_a_full_disk_is_not_fatal(string kind)
    {
        using var twins = new StoreTwins(kind);
        using (var store = twins.Open())
        {
            var range = store.CreateRange(new Stay(1));
            GroupStoreTests.Put(range, "a", "1", 1);
            GroupStoreTests.Checkpoint(store, "first");
            GroupStoreTests.Put(range, "a", "2", 2);
            twins.FillDisk();
            Exception? failure = null;
            Assert.True(store.BeginCheckpoint("second"u8.ToArray(), e => failure = e));
            Assert.IsType<DiskFullException>(failure);
            GroupStoreTests.Put(range, "a", "3", 3);
            Assert.Equal("3", GroupStoreTests.Get(range, "a"));
            twins.EmptyDisk();
            GroupStoreTests.Checkpoint(store, "third");
        }

        using var again = twins.Open();
        Assert.Equal("third", Encoding.UTF8.GetString(again.RecoveredState!.Value.Span));
        Assert.Equal("3", GroupStoreTests.Get(Assert.Single(again.Ranges), "a"));
    }

    [Theory, MemberData(nameof(Kinds))]
    public void A_checkpoint_that_cannot_be_made_durable_is_fatal_and_the_last_one_stays(string kind)
    {
        using var twins = new StoreTwins(kind);
        using (var store = twins.Open())
        {
            var range = store.CreateRange(new Stay(1));
            GroupStoreTests.Put(range, "a", "1", 1);
            GroupStoreTests.Checkpoint(store, "first");
            GroupStoreTests.Put(range, "a", "2", 2);
            twins.FailSyncs = true;
            var failure = GroupStoreTests.TryCheckpoint(store, "second");
            Assert.IsAssignableFrom<IOException>(failure);
            twins.FailSyncs = false;
            Assert.Throws<IOException>(() => range.Put("b"u8, ""u8, new Revision(3), 0, 0));
        }

        using var again = twins.Open();
        Assert.Equal("first", Encoding.UTF8.GetString(again.RecoveredState!.Value.Span));
        Assert.Equal("1", GroupStoreTests.Get(Assert.Single(again.Ranges), "a"));
    }

    [Fact]
    public void A_record_log_whose_sync_fails_is_no_checkpoint_and_the_last_one_stays()
    {
        using var twins = new StoreTwins("faster");
        using (var store = twins.Open())
        {
            var range = store.CreateRange(new Stay(1));
            GroupStoreTests.Put(range, "a", "1", 1);
            GroupStoreTests.Checkpoint(store, "first");
            GroupStoreTests.Put(range, "a", "2", 2);
            twins.FailLogSyncs = true;
            var failure = GroupStoreTests.TryCheckpoint(store, "second");
            Assert.Contains("injected", Assert.IsType<IOException>(failure).Message, StringComparison.Ordinal);
            Assert.Throws<IOException>(() => range.Put("b"u8, ""u8, new Revision(3), 0, 0));
        }

        twins.FailLogSyncs = false;
        using var again = twins.Open();
        Assert.Equal("first", Encoding.UTF8.GetString(again.RecoveredState!.Value.Span));
        Assert.Equal("1", GroupStoreTests.Get(Assert.Single(again.Ranges), "a"));
    }

    [Fact]
    public void A_checkpoint_that_takes_longer_than_its_limit_has_failed_and_the_last_one_stays()
    {
        using var twins = new StoreTwins("faster");
        using (var store = twins.Open())
        {
            GroupStoreTests.Put(store.CreateRange(new Stay(1)), "a", "1", 1);
            GroupStoreTests.Checkpoint(store, "first");
        }

        var impatient = new FasterRecordStoreFactory(twins.FileSystem, KilledWriter.Options with { CheckpointTimeout = TimeSpan.FromMilliseconds(1) });
        using (var store = GroupStore.Open(twins.FileSystem, twins.Directory, impatient, Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance))
        {
            var range = Assert.Single(store.Ranges);
            GroupStoreTests.Put(range, "a", "2", 2);
            twins.LogSyncsMayEnd.Reset();
            var failure = GroupStoreTests.TryCheckpoint(store, "second");
            twins.LogSyncsMayEnd.Set();
            Assert.Contains("was not done after", Assert.IsType<TimeoutException>(failure).Message, StringComparison.Ordinal);
            Assert.Throws<IOException>(() => range.Put("b"u8, ""u8, new Revision(3), 0, 0));
        }

        using var again = twins.Open();
        Assert.Equal("first", Encoding.UTF8.GetString(again.RecoveredState!.Value.Span));
        Assert.Equal("1", GroupStoreTests.Get(Assert.Single(again.Ranges), "a"));
    }

    [Theory, InlineData(false, 10), InlineData(true, 1)]
    public void A_reclaim_pass_rests_between_its_stretches_unless_the_log_outruns_it(bool isOutrun, int expected)
    {
        using var twins = new StoreTwins("faster");
        RangeStore? range = null;
        var (revision, rests) = (0UL, 0);
        void Put(int count)
        {
            for (var i = 0; i < count; i++) GroupStoreTests.Put(range!, "key", "value", ++revision);
        }

        void Rest()
        {
            rests++;
            if (isOutrun) Put(6 * FasterRecordStore.ReclaimStretch);
        }

        using var store = GroupStore.Open(twins.FileSystem, twins.Directory, new FasterRecordStoreFactory(twins.FileSystem, KilledWriter.Options with { Rest = Rest }), Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance);
        range = store.CreateRange(new Stay(1));
        Put(10 * FasterRecordStore.ReclaimStretch);
        range.Compact(new Revision(revision));
        GroupStoreTests.Checkpoint(store, "");
        Assert.True(store.Reclaim());
        Assert.Equal(expected, rests);
        Assert.Equal("value", GroupStoreTests.Get(range, "key"));
    }

    [Fact]
    public void A_restart_chooses_the_hash_table_by_what_the_store_holds()
    {
        using var twins = new StoreTwins("faster");
        using (var store = twins.Open())
        {
            var range = store.CreateRange(new Stay(1));
            for (ulong revision = 1; revision <= 9000; revision++) GroupStoreTests.Put(range, $"key{revision}", "x", revision);
            GroupStoreTests.Checkpoint(store, "");
        }

        var log = $"{twins.Directory}/store-1";
        Assert.Equal(9000, FasterManifest.Read(twins.FileSystem, log)!.Records);
        using (var records = (FasterRecordStore)twins.Factory.Open(log)) Assert.Equal(4096, records.HashBuckets);
        using var again = twins.Open();
        for (var i = 1; i <= 9000; i++) Assert.Equal("x", GroupStoreTests.Get(Assert.Single(again.Ranges), $"key{i}"));
    }

    /// <summary>Its records are chained by another hash: some would not be found.</summary>
    [Theory, InlineData(1), InlineData(3)]
    public void A_store_of_another_format_is_refused_by_its_number(int format)
    {
        using var twins = new StoreTwins("faster");
        using (var store = twins.Open())
        {
            GroupStoreTests.Put(store.CreateRange(new Stay(1)), "a", "1", 1);
            GroupStoreTests.Checkpoint(store, "");
        }

        var log = $"{twins.Directory}/store-1";
        var content = SealedFile.Read(twins.FileSystem, log, FasterManifest.FileName)!;
        content[0] = (byte)format;
        // The first format did not begin with its number.
        SealedFile.Write(twins.FileSystem, log, FasterManifest.FileName, format == 1 ? content[1..] : content);
        var refusal = Assert.Throws<StoreDamagedException>(() => twins.Open().Dispose());
        Assert.Contains($"{log}/MANIFEST: has format {format}, and this version reads format 2 only", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_restart_never_takes_a_smaller_hash_table_than_the_records_were_written_with()
    {
        using var twins = new StoreTwins("faster");
        var larger = new FasterRecordStoreFactory(twins.FileSystem, KilledWriter.Options with { HashBuckets = 16 << 10 });
        using (var store = GroupStore.Open(twins.FileSystem, twins.Directory, larger, Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance))
        {
            var range = store.CreateRange(new Stay(1));
            for (ulong revision = 1; revision <= 3000; revision++) GroupStoreTests.Put(range, $"key{revision}", "x", revision);
            GroupStoreTests.Checkpoint(store, "");
        }

        using var again = twins.Open();
        for (var i = 1; i <= 3000; i++) Assert.Equal("x", GroupStoreTests.Get(Assert.Single(again.Ranges), $"key{i}"));
    }

    [Fact]
    public void Segments_that_a_crash_left_below_the_begin_address_are_deleted_at_the_next_start()
    {
        using var twins = new StoreTwins("faster");
        string first;
        using (var store = twins.Open())
        {
            var range = store.CreateRange(new Stay(1));
            ulong revision = 0;
            while (revision < 6000) GroupStoreTests.Put(range, "key", new string('x', 1000), ++revision);
            GroupStoreTests.Checkpoint(store, "");
            first = Assert.Single(System.IO.Directory.GetFiles(twins.Directory, "hlog.log.0", SearchOption.AllDirectories));
            range.Compact(new Revision(revision));
            // A pass cannot go beyond the copies of the one before it: two of them, each made durable.
            for (var pass = 0; pass < 2; pass++)
            {
                store.Reclaim();
                GroupStoreTests.Put(range, "key", "y", ++revision);
                GroupStoreTests.Checkpoint(store, "");
            }
        }

        File.WriteAllBytes(first, new byte[4096]);
        using var again = twins.Open();
        Assert.False(File.Exists(first));
        Assert.Equal("y", GroupStoreTests.Get(Assert.Single(again.Ranges), "key"));
    }

    [Fact]
    public void A_hole_in_the_log_is_damage_and_not_an_empty_range()
    {
        using var twins = new StoreTwins("faster");
        using (var store = twins.Open())
        {
            var range = store.CreateRange(new Stay(1));
            for (ulong revision = 1; revision <= 2000; revision++) GroupStoreTests.Put(range, $"key{revision}", new string('x', 100), revision);
            GroupStoreTests.Checkpoint(store, "");
        }

        using (var file = twins.FileSystem.Open($"{twins.Directory}/store-1/hlog.log.0", FileOpen.OpenExisting)) file.WriteAt(new byte[64 << 10], 64 << 10);
        Assert.Throws<StoreDamagedException>(() => twins.Open().Dispose());
    }

    [Theory, MemberData(nameof(Kinds))]
    public void A_store_that_CURRENT_names_and_that_is_missing_is_damage_and_not_an_empty_store(string kind)
    {
        using var twins = new StoreTwins(kind);
        GroupStore.BeginInstall(twins.FileSystem, twins.Directory, twins.Factory, Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance).Commit("x"u8.ToArray()).Dispose();
        twins.FileSystem.DeleteDirectory($"{twins.Directory}/store-2");
        Assert.Throws<StoreDamagedException>(() => twins.Open().Dispose());
    }

    [Theory, InlineData("hlog.log.0"), InlineData("info.dat.0")]
    public void A_flipped_bit_in_a_file_of_FASTER_is_damage_or_has_no_effect(string name)
    {
        const int Keys = 500;
        using var twins = new StoreTwins("faster");
        using (var store = twins.Open())
        {
            var range = store.CreateRange(new Stay(1));
            for (ulong revision = 1; revision <= Keys; revision++) GroupStoreTests.Put(range, $"key{revision}", $"value {revision}", revision);
            GroupStoreTests.Checkpoint(store, "");
        }

        var path = Assert.Single(System.IO.Directory.GetFiles(twins.Directory, name, SearchOption.AllDirectories));
        var whole = File.ReadAllBytes(path);
        var (random, damages) = (new Random(3), 0);
        for (var flip = 0; flip < 20; flip++)
        {
            var bit = random.Next(Math.Min(whole.Length, 40_000) * 8);
            var flipped = whole.ToArray();
            flipped[bit / 8] ^= (byte)(1 << (bit % 8));
            File.WriteAllBytes(path, flipped);
            try
            {
                using var store = twins.Open();
                var range = Assert.Single(store.Ranges);
                for (var i = 1; i <= Keys; i++) Assert.Equal($"value {i}", GroupStoreTests.Get(range, $"key{i}"));
            }
            catch (IOException damage) when (damage is StoreDamagedException or RecordDamagedException)
            {
                damages++;
            }
        }

        Assert.True(name == "info.dat.0" ? damages == 20 : damages > 0, $"{damages} of 20 flips were found");
    }
}
