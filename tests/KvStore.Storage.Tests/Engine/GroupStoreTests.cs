using System.Text;
using KvStore.Storage.Engine;
using KvStore.Storage.FileSystem;

namespace KvStore.Storage.Tests.Engine;

public sealed class GroupStoreTests
{
    private static readonly Stay One = new(1);

    public static TheoryData<string> Kinds => StoreTwins.Kinds;

    [Theory, MemberData(nameof(Kinds))]
    public void What_was_checkpointed_is_there_after_a_restart_and_nothing_else(string kind)
    {
        using var twins = new StoreTwins(kind);
        using (var store = twins.Open())
        {
            var range = store.CreateRange(One);
            Put(range, "a", "1", 1);
            Put(range, "b", "2", 2);
            Checkpoint(store, "state of 2");
            Put(range, "a", "lost", 3);
        }

        using (var store = twins.Open())
        {
            Assert.Equal("state of 2", Encoding.UTF8.GetString(store.RecoveredState!.Value.Span));
            var range = Assert.Single(store.Ranges);
            Assert.Equal(2ul, range.Revision.Value);
            Assert.Equal("1", Get(range, "a"));
            Assert.Equal("2", Get(range, "b"));
            // The Raft log writes it again under the same id.
            Put(range, "a", "3", 3);
            Assert.Equal("3", Get(range, "a"));
            Assert.Equal("1", Get(range, "a", 2));
        }
    }

    [Theory, MemberData(nameof(Kinds))]
    public void A_new_store_has_no_state_and_no_ranges(string kind)
    {
        using var twins = new StoreTwins(kind);
        using var store = twins.Open();
        Assert.Null(store.RecoveredState);
        Assert.Empty(store.Ranges);
    }

    [Theory, MemberData(nameof(Kinds))]
    public void Readers_see_only_what_is_published(string kind)
    {
        using var twins = new StoreTwins(kind);
        using var store = twins.Open();
        var range = store.CreateRange(One);
        range.Put("k"u8, "v"u8, new Revision(1), 0, 0);
        Assert.Null(Get(range, "k"));
        Assert.True(range.TryGetNewest("k"u8, out var state));
        Assert.Equal(1ul, state.Version);
        range.Publish(new Revision(1));
        Assert.Equal("v", Get(range, "k"));
    }

    /// <summary>The pool's threads may all stand waiting for reads: none of them must be needed for one.</summary>
    [Theory, InlineData("memory", false), InlineData("faster", false), InlineData("faster", true)]
    public async Task Many_keys_are_read_as_one_is_from_the_disk_too(string kind, bool isCold)
    {
        using var twins = new StoreTwins(kind) { NothingIsCached = isCold };
        using var store = twins.Open();
        var range = store.CreateRange(One);
        ulong revision = 0;
        // Far more than the store keeps in memory.
        for (var key = 0; key < 4000; key++) Put(range, $"key-{key}", new string('x', key % 1000), ++revision);
        for (var key = 0; key < 4000; key += 7) Delete(range, $"key-{key}", ++revision);
        var keys = Enumerable.Range(0, 4100).Select(key => new ReadOnlyMemory<byte>(Encoding.UTF8.GetBytes($"key-{key * 37 % 4100}"))).ToArray();
        var values = new KeyValue?[keys.Length];
        var strides = 0;
        for (var read = 0; read < keys.Length; strides++)
            read += await range.GetManyAsync(keys.AsMemory(read, Math.Min(strides % 100 + 1, keys.Length - read)), values.AsMemory(read), 10_000);
        Assert.All(keys.Zip(values), pair =>
        {
            Assert.Equal(range.TryGet(pair.First.Span, null, out var one), pair.Second is not null);
            if (pair.Second is { } value) Assert.Equal((Encoding.UTF8.GetString(one.Value.Span), one.Modified), (Encoding.UTF8.GetString(value.Value.Span), value.Modified));
        });
        Assert.False(twins.PoolThreadWaited);
    }

    [Theory, InlineData("memory", false), InlineData("faster", false), InlineData("faster", true)]
    public async Task A_get_holds_no_thread_while_the_disk_reads(string kind, bool isCold)
    {
        using var twins = new StoreTwins(kind) { NothingIsCached = isCold };
        using var store = twins.Open();
        var range = store.CreateRange(One);
        for (ulong key = 1; key <= 4000; key++) Put(range, $"key-{key}", new string('x', 500) + key, key);
        Delete(range, "key-7", 4001);
        if (isCold) twins.LogReadsMayEnd.Reset();
        // Far more than there are threads: this one asks for all of them.
        var gets = Enumerable.Range(1, 500).Select(key => range.GetAsync(Encoding.UTF8.GetBytes($"key-{key}"), null).AsTask()).ToArray();
        var many = new KeyValue?[2];
        var together = range.GetManyAsync(new ReadOnlyMemory<byte>[] { Encoding.UTF8.GetBytes("key-7"), Encoding.UTF8.GetBytes("key-8") }, many, 1000).AsTask();
        Assert.Equal(isCold, gets.Any(get => !get.IsCompleted));
        Assert.Equal(isCold, !together.IsCompleted);
        if (isCold) twins.LogReadsMayEnd.Set();
        var values = await Task.WhenAll(gets);
        Assert.Equal(Enumerable.Range(1, 500).Select(key => key == 7 ? null : new string('x', 500) + key), values.Select(value => value is { } found ? Encoding.UTF8.GetString(found.Value.Span) : null));
        Assert.Equal((2, (KeyValue?)null, values[7]!.Value.Modified), (await together, many[0], many[1]!.Value.Modified));
        Assert.Equal("1", Encoding.UTF8.GetString((await range.GetAsync(Encoding.UTF8.GetBytes("key-1"), new Revision(1)))!.Value.Value.Span[500..]));
        await Assert.ThrowsAsync<FutureRevisionException>(async () => await range.GetAsync(Encoding.UTF8.GetBytes("key-1"), new Revision(4002)));
        Assert.Null(await range.GetAsync(Encoding.UTF8.GetBytes("none"), null));
    }

    [Fact]
    public async Task A_store_that_is_closed_waits_for_the_gets_that_are_under_way()
    {
        using var twins = new StoreTwins("faster") { NothingIsCached = true };
        var store = twins.Open();
        var range = store.CreateRange(One);
        for (ulong key = 1; key <= 4000; key++) Put(range, $"key-{key}", new string('x', 500), key);
        twins.LogReadsMayEnd.Reset();
        var gets = Enumerable.Range(1, 40).Select(key => range.GetAsync(Encoding.UTF8.GetBytes($"key-{key}"), null).AsTask()).ToArray();
        var closing = Task.Run(store.Dispose);
        Assert.DoesNotContain(gets, get => get.IsCompleted);
        twins.LogReadsMayEnd.Set();
        Assert.All(await Task.WhenAll(gets), value => Assert.Equal(500, value!.Value.Value.Length));
        await closing;
    }

    [Theory, MemberData(nameof(Kinds))]
    public async Task A_page_of_a_scan_holds_no_thread_and_reads_no_record_that_does_not_go_into_it(string kind)
    {
        using var twins = new StoreTwins(kind) { NothingIsCached = true };
        using var store = twins.Open();
        var range = store.CreateRange(One);
        for (ulong key = 1; key <= 4000; key++) Put(range, $"key-{key:D4}", new string('x', 500), key);
        using var snapshot = range.Snapshot();
        async Task<(string Keys, bool More)> PageAsync(string start, string end, ScanOrder order, int limit, long bytesMax, ScanContent content = ScanContent.KeysAndValues)
        {
            var (values, more) = await snapshot.ReadPageAsync(Encoding.UTF8.GetBytes(start), Encoding.UTF8.GetBytes(end), order, content, limit, bytesMax);
            Assert.All(values, value => Assert.Equal(content == ScanContent.KeysOnly ? 0 : 500, value.Value.Length));
            return (string.Join(' ', values.Select(value => Encoding.UTF8.GetString(value.Key.Span)[4..])), more);
        }

        Assert.Equal(("0007 0008 0009", true), await PageAsync("key-0007", "", ScanOrder.Ascending, 3, 1 << 20));
        // A record's length is not known before a part of it was read.
        if (kind == "faster") Assert.InRange(twins.LogReads, 3, 6);
        Assert.Equal(("0007 0008 0009", false), await PageAsync("key-0007", "key-0010", ScanOrder.Ascending, 3, 1 << 20));
        Assert.Equal(("0009 0008", true), await PageAsync("", "key-0010", ScanOrder.Descending, 2, 1 << 20));
        // 540 bytes each.
        Assert.Equal(("0001", true), await PageAsync("", "", ScanOrder.Ascending, 100, 1));
        Assert.Equal(("0001", true), await PageAsync("", "", ScanOrder.Ascending, 100, 1079));
        Assert.Equal(("0001 0002", true), await PageAsync("", "", ScanOrder.Ascending, 100, 1080));
        Assert.Equal(("", false), await PageAsync("key-5", "", ScanOrder.Ascending, 100, 1080));
        // 40 bytes each.
        Assert.Equal(("0001 0002 0003", true), await PageAsync("", "", ScanOrder.Ascending, 100, 120, ScanContent.KeysOnly));
        if (kind == "memory") return;
        twins.LogReadsMayEnd.Reset();
        var page = PageAsync("key-0100", "", ScanOrder.Ascending, 200, 1 << 20);
        Assert.False(page.IsCompleted);
        twins.LogReadsMayEnd.Set();
        Assert.Equal(string.Join(' ', Enumerable.Range(100, 200).Select(key => $"{key:D4}")), (await page).Keys);
    }

    [Theory, MemberData(nameof(Kinds))]
    public async Task Of_many_keys_as_many_are_read_as_the_bytes_allow_and_at_least_one(string kind)
    {
        using var twins = new StoreTwins(kind);
        using var store = twins.Open();
        var range = store.CreateRange(One);
        var keys = new ReadOnlyMemory<byte>[5];
        for (var key = 0; key < keys.Length; key++)
        {
            Put(range, $"key-{key}", new string('x', 1000), (ulong)key + 1);
            keys[key] = Encoding.UTF8.GetBytes($"key-{key}");
        }

        var values = new KeyValue?[keys.Length];
        foreach (var (bytes, read) in new[] { (0, 1), (1, 1), (1000, 1), (1001, 2), (3000, 3), (1 << 20, 5) }) Assert.Equal(read, await range.GetManyAsync(keys, values, bytes));
    }

    [Theory, MemberData(nameof(Kinds))]
    public void Touching_keys_changes_nothing_whether_they_exist_or_not(string kind)
    {
        using var twins = new StoreTwins(kind);
        using var store = twins.Open();
        var range = store.CreateRange(One);
        string[] keys = [.. Enumerable.Range(0, RangeStore.TouchedMax).Select(i => $"key{i}")];
        ulong[] hashes = [.. keys.Select(key => RangeStore.HashOf(System.Text.Encoding.UTF8.GetBytes(key)))];
        range.Touch(hashes);
        ulong revision = 0;
        foreach (var key in keys[..40]) Put(range, key, key, ++revision);
        foreach (var key in keys[..10]) Delete(range, key, ++revision);
        range.Touch(hashes);
        range.Touch([]);
        for (var i = 0; i < keys.Length; i++) Assert.Equal(i is >= 10 and < 40 ? keys[i] : null, Get(range, keys[i]));
        Assert.Equal(30, range.Keys);
        Assert.Throws<KvStore.Raft.InvariantViolationException>(() => range.Touch(new ulong[RangeStore.TouchedMax + 1]));
    }

    [Theory, MemberData(nameof(Kinds))]
    public void An_installed_snapshot_replaces_the_store_durably_and_a_dropped_one_leaves_nothing(string kind)
    {
        using var twins = new StoreTwins(kind);
        using (var store = twins.Open())
        {
            Put(store.CreateRange(One), "old", "1", 1);
            Checkpoint(store, "old");
        }

        GroupStore.BeginInstall(twins.FileSystem, twins.Directory, twins.Factory, Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance).Dispose();
        using (var store = twins.Open()) Assert.Equal("1", Get(Assert.Single(store.Ranges), "old"));

        using (var install = GroupStore.BeginInstall(twins.FileSystem, twins.Directory, twins.Factory, Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance))
        {
            Put(install.Store.CreateRange(new Stay(9)), "new", "2", 7);
            install.Commit(Encoding.UTF8.GetBytes("new")).Dispose();
        }

        using (var store = twins.Open())
        {
            Assert.Equal("new", Encoding.UTF8.GetString(store.RecoveredState!.Value.Span));
            var range = Assert.Single(store.Ranges);
            Assert.Equal("2", Get(range, "new"));
            Assert.Null(Get(range, "old"));
        }
    }

    [Theory, MemberData(nameof(Kinds))]
    public void A_lost_CURRENT_is_damage_and_deletes_nothing(string kind)
    {
        using var twins = new StoreTwins(kind);
        using (var store = twins.Open()) Checkpoint(store, "old");
        using (var install = GroupStore.BeginInstall(twins.FileSystem, twins.Directory, twins.Factory, Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance))
            install.Commit(Encoding.UTF8.GetBytes("new")).Dispose();
        twins.Open().Dispose();
        var name = twins.FileSystem.List(twins.Directory).Single(entry => entry.StartsWith("store-", StringComparison.Ordinal));
        twins.FileSystem.DeleteFile($"{twins.Directory}/CURRENT");
        Assert.Throws<StoreDamagedException>(() => twins.Open());
        Assert.True(twins.FileSystem.DirectoryExists($"{twins.Directory}/{name}"));
    }

    [Theory, MemberData(nameof(Kinds))]
    public void The_records_of_a_snapshot_make_an_equal_range(string kind)
    {
        using var twins = new StoreTwins(kind);
        using var store = twins.Open();
        var source = store.CreateRange(One);
        for (ulong r = 1; r <= 300; r++)
        {
            if (r % 7 == 0) Delete(source, $"k{(r - 1) % 40}", r);
            else Put(source, $"k{r % 40}", $"v{r}", r);
        }

        source.Compact(new Revision(100));
        using var install = GroupStore.BeginInstall(twins.FileSystem, twins.Directory, twins.Factory, Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance);
        RangeStore copy;
        using (var snapshot = source.Snapshot(null, SnapshotHistory.All))
        {
            copy = install.Store.CreateRange(snapshot.Description);
            foreach (var (id, record) in snapshot.Records(new Revision(1))) copy.Restore(id, record);
            copy.Publish(snapshot.Revision);
        }

        for (ulong at = 100; at <= 300; at += 25)
            Assert.Equal(All(source, at), All(copy, at));
        Assert.Throws<CompactedException>(() => copy.TryGet("k1"u8, new Revision(99), out _));
    }

    [Theory, MemberData(nameof(Kinds))]
    public void Every_flipped_bit_of_the_small_files_is_detected(string kind)
    {
        using var twins = new StoreTwins(kind);
        using (var store = twins.Open()) Checkpoint(store, "x");
        GroupStore.BeginInstall(twins.FileSystem, twins.Directory, twins.Factory, Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance).Commit(Encoding.UTF8.GetBytes("state")).Dispose();
        twins.Open().Dispose();
        var files = Files(twins.FileSystem, twins.Directory).Where(f => Path.GetFileName(f) is "CURRENT" or "MANIFEST" || Path.GetFileName(f).StartsWith("state-", StringComparison.Ordinal)).ToList();
        Assert.True(files.Count >= 2);
        foreach (var path in files)
        {
            int length;
            using (var file = twins.FileSystem.Open(path, FileOpen.ReadOnly)) length = (int)file.Length;
            for (var bit = 0; bit < length * 8; bit += kind == "faster" ? 11 : 1)
            {
                Flip(twins.FileSystem, path, bit);
                Assert.Throws<StoreDamagedException>(() => twins.Open().Dispose());
                Flip(twins.FileSystem, path, bit);
            }
        }
    }

    internal static void Put(RangeStore range, string key, string value, ulong revision)
    {
        range.Put(Encoding.UTF8.GetBytes(key), Encoding.UTF8.GetBytes(value), new Revision(revision), 0, 0);
        range.Publish(new Revision(revision));
    }

    internal static void Delete(RangeStore range, string key, ulong revision)
    {
        range.Delete(Encoding.UTF8.GetBytes(key), new Revision(revision), 0);
        range.Publish(new Revision(revision));
    }

    internal static string? Get(RangeStore range, string key, ulong? at = null) =>
        range.TryGet(Encoding.UTF8.GetBytes(key), at is { } r ? new Revision(r) : null, out var value) ? Encoding.UTF8.GetString(value.Value.Span) : null;

    internal static List<(string, string, ulong, ulong, ulong)> All(RangeStore range, ulong at)
    {
        using var snapshot = range.Snapshot(new Revision(at));
        return [.. snapshot.Scan(default, default).Select(v => (Encoding.UTF8.GetString(v.Key.Span), Encoding.UTF8.GetString(v.Value.Span), v.Create.Value, v.Modified.Value, v.Version))];
    }

    internal static void Checkpoint(GroupStore store, string state) => Assert.Null(TryCheckpoint(store, state));

    /// <summary>Waits for its outcome.</summary>
    internal static Exception? TryCheckpoint(GroupStore store, string state)
    {
        using var done = new ManualResetEventSlim();
        Exception? failure = null;
        Assert.True(store.BeginCheckpoint(Encoding.UTF8.GetBytes(state), e =>
        {
            failure = e;
            done.Set();
        }));
        done.Wait();
        return failure;
    }

    private static IEnumerable<string> Files(IFileSystem fileSystem, string directory)
    {
        foreach (var name in fileSystem.List(directory))
        {
            var path = $"{directory}/{name}";
            if (!fileSystem.DirectoryExists(path)) yield return path;
            else
                foreach (var file in Files(fileSystem, path)) yield return file;
        }
    }

    private static void Flip(IFileSystem fileSystem, string path, int bit)
    {
        using var file = fileSystem.Open(path, FileOpen.OpenExisting);
        Span<byte> b = stackalloc byte[1];
        file.ReadAt(b, bit / 8);
        b[0] ^= (byte)(1 << (bit % 8));
        file.WriteAt(b, bit / 8);
    }
}
