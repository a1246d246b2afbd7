using KvStore.Raft;

namespace KvStore.Node.Placement;

/// <summary>
/// Places ranges on data groups: the ring's preference under a bounded load, first within the range's keyspace, then in all. What is placed stays where it is
/// as long as the bound allows, so that a change of groups moves little; the result is kept in the cluster map, which is the truth.
/// </summary>
internal static class RangePlacement
{
    /// <summary>Most ranges that one of <paramref name="groups"/> gets of <paramref name="ranges"/>: the even share, or up to a quarter more than it.</summary>
    public static int LoadMax(int ranges, int groups) => Math.Max((ranges + groups - 1) / groups, ranges * 5 / (groups * 4));

    /// <param name="current">Where ranges are; may be empty. Ranges of groups that are not in <paramref name="groups"/> are placed anew.</param>
    /// <param name="added">Groups that are new: they draw the ranges that the ring gives them.</param>
    /// <returns>A group for each range, in order of range id.</returns>
    public static IReadOnlyDictionary<RangeId, GroupId> Place(IReadOnlyList<(RangeId Range, KeyspaceId Keyspace)> ranges, IReadOnlyList<GroupId> groups,
        IReadOnlyDictionary<RangeId, GroupId> current, IReadOnlyList<GroupId> added)
    {
        if (groups.Count == 0) throw new ArgumentException("there is no group to place ranges on", nameof(groups));
        var ring = new HashRing(groups.Select(g => g.Value));
        var load = new Load(ranges, groups);
        var placed = new SortedDictionary<RangeId, GroupId>();
        var open = new List<(RangeId Range, KeyspaceId Keyspace)>();
        foreach (var range in ranges.OrderBy(r => r.Range))
        {
            var stays = current.TryGetValue(range.Range, out var home) && groups.Contains(home) && load.HasRoom(home, range.Keyspace);
            if (stays && added.Count > 0)
            {
                var first = new GroupId(ring.Preference(range.Range.Value)[0]);
                stays = !added.Contains(first) || first == home;
            }
            if (!stays)
            {
                open.Add(range);
                continue;
            }
            load.Take(home, range.Keyspace);
            placed.Add(range.Range, home);
        }
        foreach (var (range, keyspace) in open)
        {
            var preference = ring.Preference(range.Value).Select(g => new GroupId(g)).ToList();
            var group = preference.Cast<GroupId?>().FirstOrDefault(g => load.HasRoom(g!.Value, keyspace))
                ?? preference.First(g => load.HasRoom(g));
            load.Take(group, keyspace);
            placed.Add(range, group);
        }
        return placed;
    }

    private sealed class Load(IReadOnlyList<(RangeId Range, KeyspaceId Keyspace)> ranges, IReadOnlyList<GroupId> groups)
    {
        private readonly int max = LoadMax(ranges.Count, groups.Count);
        private readonly Dictionary<KeyspaceId, int> maxOfKeyspace = ranges.GroupBy(r => r.Keyspace).ToDictionary(k => k.Key, k => LoadMax(k.Count(), groups.Count));
        private readonly Dictionary<GroupId, int> taken = groups.ToDictionary(g => g, _ => 0);
        private readonly Dictionary<(GroupId, KeyspaceId), int> takenOfKeyspace = [];

        public bool HasRoom(GroupId group) => taken[group] < max;

        public bool HasRoom(GroupId group, KeyspaceId keyspace) =>
            HasRoom(group) && takenOfKeyspace.GetValueOrDefault((group, keyspace)) < maxOfKeyspace[keyspace];

        public void Take(GroupId group, KeyspaceId keyspace)
        {
            taken[group]++;
            takenOfKeyspace[(group, keyspace)] = takenOfKeyspace.GetValueOrDefault((group, keyspace)) + 1;
        }
    }
}
