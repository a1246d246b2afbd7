using KvStore.Node.Placement;

namespace KvStore.Node.Watches;

/// <summary>The live watchers of a range: those of one key by their key, the others by their interval.</summary>
internal sealed class WatchIndex
{
    private readonly Dictionary<ReadOnlyMemory<byte>, List<Watcher>> _keys;
    private readonly Dictionary<ReadOnlyMemory<byte>, List<Watcher>>.AlternateLookup<ReadOnlySpan<byte>> _keysBySpan;
    private readonly IntervalTree<Watcher> _intervals = new();
    private readonly List<Watcher> _covering = [];

    public WatchIndex()
    {
        _keys = new Dictionary<ReadOnlyMemory<byte>, List<Watcher>>(KeyComparer.Instance);
        _keysBySpan = _keys.GetAlternateLookup<ReadOnlySpan<byte>>();
    }

    public void Add(Watcher watcher)
    {
        var query = watcher.Watch.Query;
        if (!query.IsSingleKey) _intervals.Add(query.Start, query.End, watcher.Number, watcher);
        else if (_keys.TryGetValue(query.Start, out var same)) same.Add(watcher);
        else _keys.Add(query.Start, [watcher]);
    }

    public void Remove(Watcher watcher)
    {
        var query = watcher.Watch.Query;
        if (!query.IsSingleKey)
        {
            _intervals.Remove(query.Start, watcher.Number);
            return;
        }
        var same = _keys[query.Start];
        same.Remove(watcher);
        if (same.Count == 0) _keys.Remove(query.Start);
    }

    /// <summary>Those of the key in the order in which they were added, then those of intervals in the order of their starts.</summary>
    public void Match(ReadOnlySpan<byte> key, bool isTombstone, List<Watcher> found)
    {
        if (_keysBySpan.TryGetValue(key, out var same))
            foreach (var watcher in same) AddIfWanted(watcher, isTombstone, found);
        if (_intervals.IsEmpty) return;
        _covering.Clear();
        _intervals.Find(key, _covering);
        foreach (var watcher in _covering) AddIfWanted(watcher, isTombstone, found);
    }

    private static void AddIfWanted(Watcher watcher, bool isTombstone, List<Watcher> found)
    {
        if (watcher.Watch.Query.Wants(isTombstone)) found.Add(watcher);
    }

    private sealed class KeyComparer : IEqualityComparer<ReadOnlyMemory<byte>>, IAlternateEqualityComparer<ReadOnlySpan<byte>, ReadOnlyMemory<byte>>
    {
        public static readonly KeyComparer Instance = new();

        public bool Equals(ReadOnlyMemory<byte> x, ReadOnlyMemory<byte> y) => x.Span.SequenceEqual(y.Span);
        public int GetHashCode(ReadOnlyMemory<byte> key) => GetHashCode(key.Span);
        public bool Equals(ReadOnlySpan<byte> key, ReadOnlyMemory<byte> other) => key.SequenceEqual(other.Span);
        public int GetHashCode(ReadOnlySpan<byte> key) => (int)StableHash.Compute(key);
        public ReadOnlyMemory<byte> Create(ReadOnlySpan<byte> key) => key.ToArray();
    }
}
