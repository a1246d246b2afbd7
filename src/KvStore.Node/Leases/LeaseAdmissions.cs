using KvStore.Node.Calls;
using KvStore.Node.Commands;
using KvStore.Node.Placement;
using KvStore.Node.StateMachine;
using KvStore.Raft;

namespace KvStore.Node.Leases;

/// <summary>
/// Makes leases of other groups known to a group before keys are attached to them: announced there, registered with the owner, confirmed there. Those who wait for the same lease in the
/// same group wait together. Whoever dies half way leaves an announcement that is forgotten by itself, or a registration that the end of the lease takes away.
/// </summary>
internal sealed class LeaseAdmissions(GroupCalls calls, Func<ClusterMap?> map)
{
    /// <summary>Only on the worker of the calls.</summary>
    private readonly SortedDictionary<(GroupId Group, LeaseId Lease), List<Action<NodeError?>>> _waiting = [];

    /// <summary>
    /// Any thread. Calls back, on a worker, when as much is known as can be: with null also when a lease has ended or never was, for apply says so to the command in question;
    /// with a definite error when the owner or the group could not be asked.
    /// </summary>
    public void Admit(GroupId group, IReadOnlyList<LeaseId> leases, MonotonicTime deadline, Action<NodeError?> completed) => calls.Post(() =>
    {
        var left = leases.Count;
        NodeError? failure = null;
        foreach (var lease in leases)
        {
            Join(group, lease, deadline, error =>
            {
                failure ??= error;
                if (--left == 0) completed(failure);
            });
        }
    });

    private void Join(GroupId group, LeaseId lease, MonotonicTime deadline, Action<NodeError?> completed)
    {
        if (_waiting.TryGetValue((group, lease), out var others))
        {
            others.Add(completed);
            return;
        }
        _waiting.Add((group, lease), [completed]);
        if (map()?.Find(lease.Owner) is null) Finish(group, lease, null);
        else Announce(group, lease, deadline);
    }

    private void Announce(GroupId group, LeaseId lease, MonotonicTime deadline) =>
        Call(group, new GroupCommand { AnnounceLease = new AnnounceLease { Lease = lease.Value } }, deadline, (result, error) =>
        {
            if (error is not null) Finish(group, lease, error);
            else if (result.Status == CommandStatus.ResourceExhausted) Finish(group, lease, new NodeError(NodeErrorCode.ResourceExhausted, $"lease: the table of group {group} is full") { RetryAfter = TimeSpan.FromSeconds(1) });
            else if (result.Status != CommandStatus.Ok || result.Flag) Finish(group, lease, null);
            else Register(group, lease, (ulong)result.Number, deadline);
        });

    private void Register(GroupId group, LeaseId lease, ulong ticket, MonotonicTime deadline) =>
        Call(lease.Owner, new GroupCommand { RegisterLeaseUser = new RegisterLeaseUser { Lease = lease.Value, Group = group.Value } }, deadline, (result, error) =>
        {
            if (error is not null)
            {
                Finish(group, lease, error);
            }
            else if (result.Status == CommandStatus.Ok)
            {
                Call(group, new GroupCommand { ConfirmLease = new ConfirmLease { Lease = lease.Value, Ticket = ticket } }, deadline, (_, failure) => Finish(group, lease, failure));
            }
            else
            {
                // What has ended never comes back: the announcement need not wait to be forgotten.
                Call(group, new GroupCommand { EndLeases = new EndLeases { Leases = { lease.Value } } }, deadline, static (_, _) => { });
                Finish(group, lease, null);
            }
        });

    private void Call(GroupId group, GroupCommand command, MonotonicTime deadline, Action<CommandResult, NodeError?> completed) =>
        calls.Call(group, command, deadline, CallRetry.UntilAnswered, (_, result, error) => completed(result, error));

    private void Finish(GroupId group, LeaseId lease, NodeError? error)
    {
        if (!_waiting.Remove((group, lease), out var waiting)) return;
        // Nothing of the write itself was proposed, whatever became of the steps before it.
        var definite = error is null ? null : error with
        {
            OutcomeUnknown = false, LeaderNode = NodeId.None, Message = $"lease {lease}: group {group} could not be registered with its owner, group {lease.Owner}: {error.Message}",
        };
        foreach (var each in waiting) each(definite);
    }
}
