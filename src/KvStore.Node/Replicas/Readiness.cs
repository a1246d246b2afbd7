using KvStore.Raft;

namespace KvStore.Node.Replicas;

/// <summary>Whether a node serves, in words.</summary>
internal static class Readiness
{
    /// <summary>
    /// Null when the node has the map, all its replicas run, know a leader, have caught up since the start, and hold the ranges that the map gives to their groups: whoever restarts one node
    /// after the other and waits for each keeps two of three that can go on at once.
    /// </summary>
    public static string? Reason(NodeId self, NodeView view)
    {
        if (view.Map is not { } map) return "there is no cluster map yet";
        foreach (var group in map.Groups)
        {
            if (group.Replicas.All(replica => replica.Node != self)) continue;
            if (view.Find(group.Id) is not { } local) return $"the replica of group {group.Id} is being made";
            if (local.StoppedReason is { } stopped) return $"the replica of group {group.Id} has stopped: {stopped}";
            if (local.View.Leader == NodeId.None) return $"group {group.Id} has no leader";
            if (local.Machine is not { } machine) return $"the replica of group {group.Id} is switching to a snapshot";
            if (!local.HasCaughtUp) return $"the replica of group {group.Id} is catching up";
            if (map.Ranges.FirstOrDefault(range => range.Group == group.Id && machine.Owned.Find(range.Id) is null) is { } missing) return $"group {group.Id} does not hold range {missing.Id} yet";
        }
        return null;
    }
}
