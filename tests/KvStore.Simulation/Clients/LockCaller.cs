using KvStore.Node.Calls;
using KvStore.Node.Commands;
using KvStore.Node.Leases;
using KvStore.Node.Locks;

namespace KvStore.Simulation.Clients;

/// <summary>How a client takes and gives up locks: it asks again with the same lease while it has patience.</summary>
internal sealed class LockCaller(SimulatedClient client)
{
    private readonly HomeCaller _home = new(client);

    /// <summary>None when no group could grant one in time.</summary>
    public async Task<LeaseId> GrantAsync(string name, TimeSpan timeToLive)
    {
        var command = new GroupCommand { GrantLease = new GrantLease { TimeToLiveUs = (ulong)timeToLive.TotalMicroseconds } };
        var reply = await _home.RepeatAsync<ulong>(name, (node, home, answer) => node.Node.Propose(home, command, ClientBatch.DeadlineOf(node, HomeCaller.AttemptTime), CallRetry.UntilAnswered,
            (_, result, error) => answer(error is null ? Reply<ulong>.Of((ulong)result.Number) : Reply<ulong>.Refused(error))));
        return new LeaseId(reply.Answer);
    }

    /// <summary>The token; 0 when the lock could not be had: the lease ended over it, or patience did.</summary>
    public Task<ulong> AcquireAsync(string name, LeaseId lease) => AcquireAsync(new LockAcquisition(name, lease));

    public async Task<ulong> AcquireAsync(LockAcquisition acquisition)
    {
        var reply = await _home.RepeatAsync<LockAnswer>(acquisition.Lock, (node, _, answer) => node.Node.Locks.Acquire(acquisition, ClientBatch.DeadlineOf(node, HomeCaller.AttemptTime),
            (outcome, error) => answer(error is null ? Reply<LockAnswer>.Of(outcome) : Reply<LockAnswer>.Refused(error))));
        return reply.Answer.Token;
    }

    /// <summary>Lost: it was not answered in time.</summary>
    public Task<Reply<bool>> ReleaseAsync(string name, ulong token) =>
        _home.RepeatAsync<bool>(name, (node, _, answer) => node.Node.Locks.Release(name, token, ClientBatch.DeadlineOf(node, HomeCaller.AttemptTime),
            (released, error) => answer(error is null ? Reply<bool>.Of(released) : Reply<bool>.Refused(error))));
}
