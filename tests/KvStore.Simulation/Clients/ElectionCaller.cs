using KvStore.Node;
using KvStore.Node.Calls;
using KvStore.Node.Commands;
using KvStore.Node.Leases;
using KvStore.Node.Locks;
using KvStore.Node.StateMachine;
using KvStore.Simulation.World;

namespace KvStore.Simulation.Clients;

/// <summary>How a client speaks for a leader, and asks who leads: as the SDK does, again and again while the outcome is unknown and it has patience.</summary>
internal sealed class ElectionCaller(SimulatedClient client)
{
    /// <summary>A question has its answer soon, or goes to another node.</summary>
    private static readonly TimeSpan QuestionTime = TimeSpan.FromMilliseconds(500);

    private readonly HomeCaller _home = new(client);

    /// <param name="number">Which of its leadership's proclamations it is, from 1 on.</param>
    public Task<Reply<bool>> ProclaimAsync(string election, ulong token, ulong number, ReadOnlyMemory<byte> value) =>
        _home.RepeatAsync<bool>(election, (node, _, answer) => node.Node.Locks.Proclaim(election, token, number, value, ClientBatch.DeadlineOf(node, HomeCaller.AttemptTime),
            error => answer(error is null ? Reply<bool>.Of(true) : Reply<bool>.Refused(error))));

    /// <summary>Who leads now, asked of any node first.</summary>
    public Task<Reply<LockDescription>> LeaderAsync(string election) => new HomeCaller(client).RepeatAsync<LockDescription>(election, (node, _, answer) => Describe(node, election, answer), QuestionTime);

    /// <summary>Once; it is not repeated.</summary>
    public async Task<Reply<CommandResult>> RenewAsync(LeaseId lease)
    {
        var command = new GroupCommand { KeepLeasesAlive = new KeepLeasesAlive { Leases = { lease.Value } } };
        var reply = await client.Run.ClientNetwork.CallAsync<CommandResult>(client.Random.Pick(client.Run.Cluster.Nodes), HomeCaller.AttemptTime, (node, answer) => Propose(node, lease, command, answer));
        if (reply.IsAnswered) client.Run.OperationAnswered();
        return reply;
    }

    public Task<Reply<CommandResult>> RevokeAsync(string election, LeaseId lease) =>
        _home.RepeatAsync<CommandResult>(election, (node, _, answer) => Propose(node, lease, new GroupCommand { RevokeLease = new RevokeLease { Lease = lease.Value } }, answer));

    /// <summary>At this node; the read is linearizable wherever it is.</summary>
    public async void Describe(VirtualNode node, string election, Action<Reply<LockDescription>> answer)
    {
        try
        {
            answer(Reply<LockDescription>.Of(await node.Node.Locks.DescribeAsync(election, 0, CancellationToken.None)));
        }
        catch (NodeException refused)
        {
            answer(Reply<LockDescription>.Refused(refused.Error));
        }
        catch (LifeEndedException)
        {
            client.Run.Cluster.Trace.Line(() => $"client {client.Number}: node {node.Id} died over an election");
        }
    }

    private static void Propose(VirtualNode node, LeaseId lease, GroupCommand command, Action<Reply<CommandResult>> answer) =>
        node.Node.Propose(lease.Owner, command, ClientBatch.DeadlineOf(node, HomeCaller.AttemptTime), CallRetry.UntilAnswered,
            (_, result, error) => answer(error is null ? Reply<CommandResult>.Of(result) : Reply<CommandResult>.Refused(error)));
}
