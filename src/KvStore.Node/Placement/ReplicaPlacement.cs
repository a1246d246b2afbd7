using KvStore.Raft;

namespace KvStore.Node.Placement;

/// <summary>Chooses the nodes of a group's replicas: zones are spread first, then the loads of nodes are kept even, then the ring decides.</summary>
internal static class ReplicaPlacement
{
    /// <summary>Keeps a group's place on the ring apart from that of the range with the same number.</summary>
    private const ulong GroupMark = 1UL << 63;

    /// <returns>For each group, in the given order, its nodes in order of node id: as many as asked for, or all nodes if there are fewer.</returns>
    public static IReadOnlyList<IReadOnlyList<NodeId>> Place(IReadOnlyList<GroupId> groups, IReadOnlyList<Founder> nodes, int replicas)
    {
        if (nodes.Count == 0) throw new ArgumentException("there is no node to place replicas on", nameof(nodes));
        ArgumentOutOfRangeException.ThrowIfLessThan(replicas, 1);
        var each = Math.Min(replicas, nodes.Count);
        var ring = new HashRing(nodes.Select(n => n.Id.Value));
        var byId = nodes.ToDictionary(n => n.Id);
        var load = nodes.ToDictionary(n => n.Id, _ => 0);
        var placed = new List<IReadOnlyList<NodeId>>();
        foreach (var group in groups)
        {
            var preference = ring.Preference(group.Value | GroupMark).Select(n => byId[new NodeId(n)]).ToList();
            var chosen = new List<Founder>();
            while (chosen.Count < each)
            {
                // Stable sort: among equals the ring's order stands.
                var next = preference.Except(chosen)
                    .OrderBy(n => chosen.Count(c => c.Zone == n.Zone))
                    .ThenBy(n => load[n.Id])
                    .First();
                chosen.Add(next);
                load[next.Id]++;
            }
            placed.Add(chosen.Select(n => n.Id).Order().ToList());
        }
        return placed;
    }
}
