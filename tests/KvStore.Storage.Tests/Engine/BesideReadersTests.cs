using System.Text;
using KvStore.Storage.Engine;

namespace KvStore.Storage.Tests.Engine;

/// <summary>Readers beside the apply thread, which writes, compacts and checkpoints, and a background worker, which reclaims: every answer is one that the known writes allow.</summary>
public sealed class BesideReadersTests
{
    private const int Revisions = 12_000, Keys = 200, Kept = 400;
    private readonly KnownWrites _writes = new KnownWrites(7, Keys).Until(Revisions);
    private volatile bool _isWritten;
    /// <summary>Checkpoints that the writer began, those that the reclaim worker has answered, and its passes.</summary>
    private volatile int _begun, _handled, _passes;

    public static TheoryData<string> Kinds => StoreTwins.Kinds;

    [Theory, MemberData(nameof(Kinds))]
    public async Task Every_answer_is_possible(string kind)
    {
        using var twins = new StoreTwins(kind);
        var store = twins.Open();
        var range = store.CreateRange(new Stay(3));
        using var checkpointed = new SemaphoreSlim(0);
        var readers = Enumerable.Range(1, 3).Select(seed => Start(() => Read(range, new Random(seed)))).ToList();
        var reclaim = Start(() =>
        {
            while (true)
            {
                checkpointed.Wait();
                if (_isWritten) return;
                if (store.Reclaim()) _passes++;
                _handled++;
            }
        });
        await Start(() => Write(store, range, checkpointed));
        _isWritten = true;
        checkpointed.Release();
        await Task.WhenAll([.. readers, reclaim]);
        GroupStoreTests.Checkpoint(store, "");
        store.Dispose();
        using var again = twins.Open();
        Assert.Equal((ulong)Revisions, Assert.Single(again.Ranges).Revision.Value);
        _writes.Check(Assert.Single(again.Ranges));
    }

    [Theory, MemberData(nameof(Kinds))]
    public async Task A_store_is_closed_beside_readers_reclaim_and_a_checkpoint(string kind)
    {
        for (var round = 0; round < 4; round++)
        {
            using var twins = new StoreTwins(kind);
            var store = twins.Open();
            var range = store.CreateRange(new Stay(3));
            for (ulong revision = 1; revision <= 4000; revision++) _writes.Apply(range, revision);
            range.Compact(new Revision(3000));
            GroupStoreTests.Checkpoint(store, "first");
            using var started = new CountdownEvent(3);
            var readers = Enumerable.Range(1, 2).Select(seed => Start(() =>
            {
                var random = new Random(seed);
                started.Signal();
                Assert.Throws<ObjectDisposedException>(() => ReadForEver(range, random));
            }));
            var reclaim = Start(() =>
            {
                started.Signal();
                store.Reclaim();
            });
            var all = Task.WhenAll([.. readers, reclaim]);
            started.Wait();
            var completions = 0;
            store.BeginCheckpoint("second"u8.ToArray(), _ => Interlocked.Increment(ref completions));
            store.Dispose();
            await all;
            Assert.False(store.Reclaim() && kind == "faster");
            using var again = twins.Open();
            Assert.Equal("second", Encoding.UTF8.GetString(again.RecoveredState!.Value.Span));
            _writes.Check(Assert.Single(again.Ranges));
        }
    }

    private void Write(GroupStore store, RangeStore range, SemaphoreSlim checkpointed)
    {
        for (ulong revision = 1; revision <= Revisions; revision++)
        {
            _writes.Apply(range, revision);
            if (revision % 100 == 0 && revision > Kept) range.Compact(new Revision(revision - Kept));
            if (revision % 500 == 0) BeginCheckpoint(store, checkpointed);
            // However slow the machine is, some passes run beside the readers, and none is left at the end.
            while (revision % 3000 == 0 && (_passes < (int)revision / 3000 || _handled < _begun))
            {
                SpinWait.SpinUntil(() => _handled == _begun);
                if (_passes < (int)revision / 3000) BeginCheckpoint(store, checkpointed);
            }
        }
    }

    private void BeginCheckpoint(GroupStore store, SemaphoreSlim checkpointed)
    {
        var isBegun = store.BeginCheckpoint(default, failure =>
        {
            Assert.Null(failure);
            checkpointed.Release();
        });
        if (isBegun) _begun++;
    }

    private void Read(RangeStore range, Random random)
    {
        while (!_isWritten)
        {
            switch (random.Next(20))
            {
                case < 12: ReadOne(range, random); break;
                case < 15: ReadOneAt(range, random); break;
                case < 19: Scan(range, random); break;
                default: ReadHistory(range, random); break;
            }
        }
    }

    private void ReadForEver(RangeStore range, Random random)
    {
        while (true) ReadOne(range, random);
    }

    private void ReadOne(RangeStore range, Random random)
    {
        var key = KnownWrites.KeyOf(random.Next(Keys));
        var from = range.Revision.Value;
        var found = Get(range, key, null);
        var to = range.Revision.Value;
        for (var at = from; at <= to; at++)
            if (_writes.At(key, at)?.Value == found) return;
        Assert.Fail($"{key} was read as {found} between revisions {from} and {to}");
    }

    private void ReadOneAt(RangeStore range, Random random)
    {
        var key = KnownWrites.KeyOf(random.Next(Keys));
        var at = (ulong)random.NextInt64((long)range.CompactRevision.Value, (long)range.Revision.Value + 1);
        try
        {
            Assert.Equal(_writes.At(key, at)?.Value, Get(range, key, at));
        }
        catch (CompactedException)
        {
            Assert.True(at < range.CompactRevision.Value);
        }
    }

    private void Scan(RangeStore range, Random random)
    {
        using var snapshot = range.Snapshot();
        var (from, to) = (random.Next(Keys), random.Next(Keys));
        var (start, end) = (KnownWrites.KeyOf(Math.Min(from, to)), KnownWrites.KeyOf(Math.Max(from, to)));
        var expected = _writes.AllAt(snapshot.Revision.Value).Where(v => string.CompareOrdinal(v.Key, start) >= 0 && string.CompareOrdinal(v.Key, end) < 0).Select(KnownWrites.Show).ToList();
        var order = random.Next(2) == 0 ? ScanOrder.Ascending : ScanOrder.Descending;
        if (order == ScanOrder.Descending) expected.Reverse();
        var found = snapshot.Scan(Encoding.UTF8.GetBytes(start), Encoding.UTF8.GetBytes(end), order)
            .Select(v => (Encoding.UTF8.GetString(v.Key.Span), Encoding.UTF8.GetString(v.Value.Span), v.Create.Value, v.Modified.Value, v.Version));
        KnownWrites.AssertSame(expected, found);
        Assert.Equal(expected.Count, snapshot.Count(Encoding.UTF8.GetBytes(start), Encoding.UTF8.GetBytes(end)));
    }

    private void ReadHistory(RangeStore range, Random random)
    {
        using var snapshot = range.Snapshot(null, SnapshotHistory.All);
        var (compacted, newest) = (snapshot.Description.CompactRevision.Value, snapshot.Revision.Value);
        var after = (ulong)random.NextInt64((long)compacted, (long)newest + 1);
        KnownWrites.AssertSame(_writes.Written(after, newest), snapshot.Records(new Revision(after + 1)).Select(r => (r.Id.Revision.Value, r.Id.Sub)));
    }

    private static string? Get(RangeStore range, string key, ulong? at) => GroupStoreTests.Get(range, key, at);

    private static Task Start(Action action) => Task.Factory.StartNew(action, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
}
