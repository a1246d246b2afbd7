using KvStore.Raft;

namespace KvStore.Simulation.Faults;

/// <summary>Leadership of a group is handed to another node on request.</summary>
internal sealed class TransferLeadership : IFault
{
    public string Name => "transfer";
    public int Weight => 10;

    public Action? Begin(FaultScene scene)
    {
        var group = new GroupId((ulong)scene.Random.Next(scene.Run.Groups));
        if (scene.Cluster.LeaderOf(group) is not { } leader) return null;
        return leader.Node.TransferLeadership(group, scene.AnyNode().Id) ? FaultScene.Over : null;
    }
}
