using KvStore.Node.Placement;
using KvStore.Node.StateMachine;

namespace KvStore.Node.Replicas;

/// <summary>What a request hears whose range and epoch are not what this group owns.</summary>
internal static class Ownership
{
    public static NodeError Refusal(GroupReplica replica, OwnedRange? owned, RangeRoute route, ClusterMap? map)
    {
        var known = map?.Find(route.Range);
        if (owned is null && known is not null && known.Group == replica.Group && known.Epoch == route.Epoch)
            return new NodeError(NodeErrorCode.Unavailable, $"group {replica.Group} does not hold range {route.Range} yet") { RetryAfter = TimeSpan.FromMilliseconds(20), LeaderNode = replica.View.Leader };
        var current = owned is not null && (known is null || owned.Descriptor.Epoch > known.Epoch) ? owned.Descriptor : known;
        var message = current is null ? $"range {route.Range} is not known" : $"range {route.Range} has epoch {current.Epoch}, not {route.Epoch}";
        return new NodeError(NodeErrorCode.EpochNotMatch, message) { Range = current };
    }
}
