using KvStore.Node;
using KvStore.Raft;
using KvStore.Simulation.Running;
using KvStore.Simulation.World;

namespace KvStore.Simulation.Clients;

/// <summary>How a client asks for a lock or an election: it asks any node, follows whom that names, and asks again while it has patience.</summary>
internal sealed class HomeCaller(SimulatedClient client)
{
    /// <summary>Long enough for a claim to wait.</summary>
    public static readonly TimeSpan AttemptTime = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(15);
    private VirtualNode? _node;
    /// <summary>Had no answer to the last attempt: another node is asked next, for one that was wiped never answers.</summary>
    private VirtualNode? _silent;

    private SimulationRun Run => client.Run;

    /// <summary>The answer, or a refusal that stays: of the lease, the token or the session. Lost: neither came in time.</summary>
    public async Task<Reply<T>> RepeatAsync<T>(string name, Action<VirtualNode, GroupId, Action<Reply<T>>> request, TimeSpan? attemptTime = null)
    {
        var until = Run.Cluster.Clock.Now + Patience;
        while (true)
        {
            if (Run.HomeOf(name) is { } home)
            {
                var node = _node ??= PickNode();
                var reply = await Run.ClientNetwork.CallAsync<T>(node, attemptTime ?? AttemptTime, (at, answer) => request(at, home, answer));
                if (reply.IsAnswered)
                {
                    Run.OperationAnswered();
                    return reply;
                }
                _silent = reply.IsLost ? node : null;
                _node = reply.Error is { } refused && refused.LeaderNode != NodeId.None ? Run.Cluster.Nodes[(int)refused.LeaderNode.Value - 1] : null;
                if (reply.Error is { Code: NodeErrorCode.LeaseNotFound or NodeErrorCode.LockNotFound or NodeErrorCode.Fenced or NodeErrorCode.SessionExpired }) return reply;
            }
            if (Run.IsHalted || Run.Cluster.Clock.Now > until) return Reply<T>.Lost;
            await Run.Cluster.DelayAsync(client.Random.Between(TimeSpan.FromMilliseconds(5), TimeSpan.FromMilliseconds(60)));
        }
    }

    private VirtualNode PickNode()
    {
        var nodes = Run.Cluster.Nodes;
        var picked = client.Random.Pick(nodes);
        return picked == _silent ? nodes[(int)(picked.Id.Value % (ulong)nodes.Count)] : picked;
    }
}
