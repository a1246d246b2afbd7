using System.Text;
using KvStore.Client;

namespace KvStore.Jepsen.Reports;

/// <summary>Which group a key of the default keyspace belongs to.</summary>
internal sealed class GroupMap
{
    private readonly List<(byte[] Start, ulong Group)> _ranges = [];

    public static GroupMap Empty { get; } = new();

    public static GroupMap From(KvClusterMap map)
    {
        var groups = new GroupMap();
        // By start, as the map gives them.
        foreach (var range in map.Ranges.Where(r => r.Keyspace == "default")) groups._ranges.Add((range.Keys.Start.Memory.ToArray(), range.Group));
        return groups;
    }

    public ulong? GroupOf(string key)
    {
        var bytes = Encoding.UTF8.GetBytes(key);
        ulong? found = null;
        foreach (var (start, group) in _ranges)
            if (start.AsSpan().SequenceCompareTo(bytes) <= 0) found = group;
        return found;
    }
}
