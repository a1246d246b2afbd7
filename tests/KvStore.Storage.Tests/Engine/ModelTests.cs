using System.Text;
using KvStore.Storage.Engine;

namespace KvStore.Storage.Tests.Engine;

/// <summary>Random writes, deletes, compactions, checkpoints, reclaim passes and restarts beside a naive model that keeps every version of every key.</summary>
public sealed class ModelTests
{
    private readonly Dictionary<string, SortedList<ulong, string?>> _model = [];
    private ulong _revision, _compacted;

    public static TheoryData<string, int> Seeds()
    {
        var seeds = new TheoryData<string, int>();
        for (var seed = 1; seed <= 20; seed++) seeds.Add("memory", seed);
        for (var seed = 1; seed <= 4; seed++) seeds.Add("faster", seed);
        return seeds;
    }

    [Theory, MemberData(nameof(Seeds))]
    public void The_store_answers_as_the_model_does(string kind, int seed)
    {
        var random = new Random(seed);
        using var twins = new StoreTwins(kind);
        var store = twins.Open();
        var range = store.CreateRange(new Stay(5));
        for (var step = 0; step < 1500; step++)
        {
            var key = $"key/{random.Next(60):00}";
            switch (random.Next(100))
            {
                case < 70: Put(range, key, $"{step}-{new string('x', random.Next(200))}"); break;
                case < 85: Delete(range, key); break;
                case < 90: Compact(range, random); break;
                case < 93: GroupStoreTests.Checkpoint(store, $"{_revision}"); break;
                case < 95:
                    GroupStoreTests.Checkpoint(store, $"{_revision}");
                    store.Reclaim();
                    break;
                case < 97:
                    GroupStoreTests.Checkpoint(store, $"{_revision}");
                    store.Dispose();
                    store = twins.Open();
                    Assert.Equal($"{_revision}", Encoding.UTF8.GetString(store.RecoveredState!.Value.Span));
                    range = Assert.Single(store.Ranges);
                    break;
                default: Compare(range, random); break;
            }
        }

        Compare(range, random);
        store.Dispose();
    }

    private void Put(RangeStore range, string key, string value)
    {
        GroupStoreTests.Put(range, key, value, ++_revision);
        if (!_model.TryGetValue(key, out var versions)) _model.Add(key, versions = []);
        versions.Add(_revision, value);
    }

    private void Delete(RangeStore range, string key)
    {
        var exists = At(key, _revision) is not null;
        Assert.Equal(exists, range.Delete(Encoding.UTF8.GetBytes(key), new Revision(_revision + 1), 0));
        if (!exists) return;
        range.Publish(new Revision(++_revision));
        _model[key].Add(_revision, null);
    }

    private void Compact(RangeStore range, Random random)
    {
        _compacted = Math.Max(_compacted, (ulong)random.NextInt64((long)_revision + 1));
        range.Compact(new Revision(_compacted));
    }

    private void Compare(RangeStore range, Random random)
    {
        foreach (var at in new[] { _revision, _compacted, _compacted + (ulong)random.NextInt64((long)(_revision - _compacted) + 1) })
        {
            var expected = _model.Keys.Order(StringComparer.Ordinal).Select(key => (key, At(key, at))).Where(pair => pair.Item2 is not null).ToList();
            var actual = GroupStoreTests.All(range, at).Select(v => (v.Item1, (string?)v.Item2)).ToList();
            Assert.True(expected.SequenceEqual(actual), $"at {at} of {_revision}, compacted {_compacted}: only in the model {string.Join(' ', expected.Except(actual))}, only in the store {string.Join(' ', actual.Except(expected))}");
            foreach (var key in _model.Keys) Assert.Equal(At(key, at), GroupStoreTests.Get(range, key, at));
            using var snapshot = range.Snapshot(new Revision(at));
            Assert.Equal(expected.AsEnumerable().Reverse().Select(pair => pair.key), snapshot.Scan(default, default, ScanOrder.Descending, ScanContent.KeysOnly).Select(v => Encoding.UTF8.GetString(v.Key.Span)));
            var (from, to) = ($"key/{random.Next(60):00}", $"key/{random.Next(60):00}");
            if (string.CompareOrdinal(from, to) < 0)
                Assert.Equal(expected.Count(pair => string.CompareOrdinal(pair.key, from) >= 0 && string.CompareOrdinal(pair.key, to) < 0), snapshot.Count(Encoding.UTF8.GetBytes(from), Encoding.UTF8.GetBytes(to)));
        }

        Assert.Equal(_model.Keys.Count(key => At(key, _revision) is not null), range.Keys);
        if (_compacted > 0) Assert.Throws<CompactedException>(() => range.TryGet("key/00"u8, new Revision(_compacted - 1), out _));
    }

    private string? At(string key, ulong revision) =>
        _model.TryGetValue(key, out var versions) ? versions.LastOrDefault(v => v.Key <= revision).Value : null;
}
