using KvStore.Raft;

namespace KvStore.Node.Placement;

/// <summary>What every cluster map keeps: unique ids, replicas on known nodes, ranges on known groups, keyspaces covered without gap or overlap.</summary>
internal static class ClusterMapRules
{
    /// <summary>One line that names what is wrong; null when nothing is.</summary>
    public static string? FirstProblem(ReadOnlySpan<byte> clusterId, IReadOnlyList<NodeDescriptor> nodes, IReadOnlyList<GroupDescriptor> groups,
        IReadOnlyList<RangeDescriptor> ranges, IReadOnlyList<KeyspaceDescriptor> keyspaces)
    {
        if (clusterId.Length != Placement.ClusterId.Bytes) return $"the cluster id has {clusterId.Length} bytes instead of {Placement.ClusterId.Bytes}";
        return Nodes(nodes) ?? Groups(groups, nodes) ?? Keyspaces(keyspaces) ?? Ranges(ranges, groups, keyspaces);
    }

    private static string? Nodes(IReadOnlyList<NodeDescriptor> nodes)
    {
        if (nodes.Count == 0) return "there is no node";
        if (nodes.Any(n => n.Id == NodeId.None)) return "a node has id 0";
        return Repeated(nodes.Select(n => n.Id)) is { } id ? $"node {id} is there twice" : null;
    }

    private static string? Groups(IReadOnlyList<GroupDescriptor> groups, IReadOnlyList<NodeDescriptor> nodes)
    {
        if (Repeated(groups.Select(g => g.Id)) is { } id) return $"group {id} is there twice";
        if (groups.All(g => g.Id != GroupId.Meta)) return "the meta group is missing";
        var replicas = groups.SelectMany(g => g.Replicas).ToList();
        if (replicas.Any(r => r.Id == ReplicaId.None)) return "a replica has id 0";
        if (Repeated(replicas.Select(r => r.Id)) is { } replica) return $"replica {replica} is there twice";
        foreach (var group in groups)
        {
            if (group.Replicas.All(r => r.Kind != ReplicaKind.Voter)) return $"group {group.Id} has no voter";
            if (Repeated(group.Replicas.Select(r => r.Node)) is { } node) return $"group {group.Id} has two replicas on node {node}";
            if (group.Replicas.FirstOrDefault(r => nodes.All(n => n.Id != r.Node)) is { } lost) return $"group {group.Id} has a replica on the unknown node {lost.Node}";
        }
        return null;
    }

    private static string? Keyspaces(IReadOnlyList<KeyspaceDescriptor> keyspaces)
    {
        if (Repeated(keyspaces.Select(k => k.Id)) is { } id) return $"keyspace {id} is there twice";
        return keyspaces.GroupBy(k => k.Name, StringComparer.Ordinal).Any(g => g.Count() > 1) ? "two keyspaces have the same name" : null;
    }

    private static string? Ranges(IReadOnlyList<RangeDescriptor> ranges, IReadOnlyList<GroupDescriptor> groups, IReadOnlyList<KeyspaceDescriptor> keyspaces)
    {
        if (Repeated(ranges.Select(r => r.Id)) is { } id) return $"range {id} is there twice";
        if (ranges.FirstOrDefault(r => r.Epoch == 0) is { } old) return $"range {old.Id} has epoch 0";
        if (ranges.FirstOrDefault(r => groups.All(g => g.Id != r.Group)) is { } homeless) return $"range {homeless.Id} is on the unknown group {homeless.Group}";
        if (ranges.FirstOrDefault(r => keyspaces.All(k => k.Id != r.Keyspace)) is { } stray) return $"range {stray.Id} is in the unknown keyspace {stray.Keyspace}";
        return keyspaces.Select(k => Coverage(k, ranges)).FirstOrDefault(problem => problem is not null);
    }

    private static string? Coverage(KeyspaceDescriptor keyspace, IReadOnlyList<RangeDescriptor> ranges)
    {
        var sorted = ranges.Where(r => r.Keyspace == keyspace.Id).ToList();
        if (sorted.Count == 0) return $"keyspace {keyspace.Name} has no range";
        sorted.Sort((a, b) => a.Start.Span.SequenceCompareTo(b.Start.Span));
        if (!sorted[0].Start.IsEmpty) return $"keyspace {keyspace.Name} is not covered from its start";
        if (!sorted[^1].End.IsEmpty) return $"keyspace {keyspace.Name} is not covered to its end";
        for (var i = 1; i < sorted.Count; i++)
        {
            if (sorted[i - 1].End.IsEmpty || !sorted[i].Start.Span.SequenceEqual(sorted[i - 1].End.Span))
                return $"ranges {sorted[i - 1].Id} and {sorted[i].Id} do not meet";
            if (sorted[i].Start.Span.SequenceEqual(sorted[i - 1].Start.Span)) return $"range {sorted[i - 1].Id} is empty";
        }
        return null;
    }

    private static T? Repeated<T>(IEnumerable<T> ids) where T : struct, IComparable<T>
    {
        var sorted = ids.Order().ToList();
        for (var i = 1; i < sorted.Count; i++)
            if (sorted[i].CompareTo(sorted[i - 1]) == 0) return sorted[i];
        return null;
    }
}
