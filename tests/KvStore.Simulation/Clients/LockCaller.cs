using KvStore.Node;
using KvStore.Node.Calls;
using KvStore.Node.Commands;
using KvStore.Node.Leases;
using KvStore.Node.Locks;
using KvStore.Raft;
using KvStore.Simulation.Running;
using KvStore.Simulation.World;

namespace KvStore.Simulation.Clients;

/// <summary>How a client takes and gives up locks: it asks any node, and asks again with the same lease while it has patience.</summary>
internal sealed class LockCaller(SimulatedClient client)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan AttemptTime = TimeSpan.FromSeconds(3);
    private VirtualNode? _node;

    private SimulationRun Run => client.Run;

    /// <summary>None when no group could grant one in time.</summary>
    public async Task<LeaseId> GrantAsync(string name, TimeSpan timeToLive)
    {
        var command = new GroupCommand { GrantLease = new GrantLease { TimeToLiveUs = (ulong)timeToLive.TotalMicroseconds } };
        var number = await RepeatAsync<ulong>(name, (node, home, answer) => node.Node.Propose(home, command, ClientBatch.DeadlineOf(node, AttemptTime), CallRetry.UntilAnswered,
            (_, result, error) => answer(error is null ? Reply<ulong>.Of((ulong)result.Number) : Reply<ulong>.Refused(error))));
        return new LeaseId(number);
    }

    /// <summary>The token; 0 when the lock could not be had: the lease ended over it, or patience did.</summary>
    public async Task<ulong> AcquireAsync(string name, LeaseId lease)
    {
        var answer = await RepeatAsync<LockAnswer>(name, (node, _, reply) => node.Node.Locks.Acquire(new LockAcquisition(name, lease), ClientBatch.DeadlineOf(node, AttemptTime),
            (outcome, error) => reply(error is null ? Reply<LockAnswer>.Of(outcome) : Reply<LockAnswer>.Refused(error))));
        return answer.Token;
    }

    public async Task ReleaseAsync(string name, ulong token) =>
        await RepeatAsync<bool>(name, (node, _, reply) => node.Node.Locks.Release(name, token, ClientBatch.DeadlineOf(node, AttemptTime),
            (released, error) => reply(error is null ? Reply<bool>.Of(released) : Reply<bool>.Refused(error))));

    private async Task<T> RepeatAsync<T>(string name, Action<VirtualNode, GroupId, Action<Reply<T>>> request) where T : struct
    {
        var until = Run.Cluster.Clock.Now + Patience;
        while (true)
        {
            if (Run.HomeOf(name) is { } home)
            {
                var node = _node ??= client.Random.Pick(Run.Cluster.Nodes);
                var reply = await Run.ClientNetwork.CallAsync<T>(node, AttemptTime, (at, answer) => request(at, home, answer));
                if (reply.IsAnswered)
                {
                    Run.OperationAnswered();
                    return reply.Answer;
                }
                _node = reply.Error is { } refused && refused.LeaderNode != NodeId.None ? Run.Cluster.Nodes[(int)refused.LeaderNode.Value - 1] : null;
                if (reply.Error is { Code: NodeErrorCode.LeaseNotFound or NodeErrorCode.LockNotFound }) return default;
            }
            if (Run.IsHalted || Run.Cluster.Clock.Now > until) return default;
            await Run.Cluster.DelayAsync(client.Random.Between(TimeSpan.FromMilliseconds(5), TimeSpan.FromMilliseconds(60)));
        }
    }
}
