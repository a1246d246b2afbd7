using System.Collections.Frozen;

namespace KvStore.Client.Internal.Routing;

/// <summary>The cluster map as far as routing needs it. Immutable, but for the leaders inside <see cref="GroupRoute"/>.</summary>
internal sealed class Topology
{
    public static readonly Topology Empty = new("", 0, FrozenDictionary<ulong, string>.Empty, []);

    private readonly FrozenDictionary<string, RangeRoute[]> _keyspaces;

    /// <param name="clusterId">Hex.</param>
    /// <param name="revision">Of the cluster map.</param>
    /// <param name="nodes">Client addresses by node id.</param>
    /// <param name="ranges">In any order.</param>
    public Topology(string clusterId, ulong revision, FrozenDictionary<ulong, string> nodes, IEnumerable<RangeRoute> ranges)
    {
        ClusterId = clusterId;
        Revision = revision;
        Nodes = nodes;
        _keyspaces = ranges.GroupBy(r => r.Keyspace).ToFrozenDictionary(g => g.Key, Sorted, StringComparer.Ordinal);
    }

    public string ClusterId { get; }

    public ulong Revision { get; }

    /// <summary>Some range is not as the map had it but as a node described it later.</summary>
    public bool IsPatched { get; private init; }

    public FrozenDictionary<ulong, string> Nodes { get; }

    public IEnumerable<RangeRoute> Ranges => _keyspaces.Values.SelectMany(r => r);

    public bool HasKeyspace(string keyspace) => _keyspaces.ContainsKey(keyspace);

    /// <summary>The ranges of a keyspace in key order; none when it is unknown.</summary>
    public ReadOnlySpan<RangeRoute> RangesOf(string keyspace) => _keyspaces.GetValueOrDefault(keyspace);

    public RangeRoute? Find(string keyspace, ReadOnlySpan<byte> key)
    {
        if (!_keyspaces.TryGetValue(keyspace, out var ranges)) return null;
        int low = 0, high = ranges.Length - 1;
        while (low < high)
        {
            var middle = (low + high + 1) / 2;
            if (ranges[middle].Start.Span.SequenceCompareTo(key) <= 0) low = middle;
            else high = middle - 1;
        }
        return ranges[low].Holds(key) ? ranges[low] : null;
    }

    /// <summary>The map with one range as a node described it. Known ranges that overlap it disappear unless they are newer; a gap that this leaves is filled by the next map.</summary>
    public Topology With(RangeRoute range)
    {
        var others = new List<RangeRoute>();
        foreach (var known in Ranges)
        {
            if (known.Keyspace != range.Keyspace || !known.Overlaps(range)) others.Add(known);
            else if (known.Epoch > range.Epoch || (known.RangeId == range.RangeId && known.Epoch == range.Epoch)) return this;
        }
        others.Add(range);
        return new Topology(ClusterId, Revision, Nodes, others) { IsPatched = true };
    }

    private static RangeRoute[] Sorted(IEnumerable<RangeRoute> ranges)
    {
        var sorted = ranges.ToArray();
        Array.Sort(sorted, (a, b) => a.Start.Span.SequenceCompareTo(b.Start.Span));
        return sorted;
    }
}
