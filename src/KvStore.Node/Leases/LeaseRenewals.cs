using Google.Protobuf;
using KvStore.Node.Commands;
using KvStore.Node.Replicas;
using KvStore.Node.StateMachine;
using KvStore.Raft;

namespace KvStore.Node.Leases;

/// <summary>The keep-alives that reached a leader in the last 50 ms and go into the log together: one entry renews them all, and each caller hears of its own leases.</summary>
internal sealed class LeaseRenewals
{
    private static readonly TimeSpan Gathering = TimeSpan.FromMilliseconds(50);

    private readonly Queue<GroupProposal> _waiting = new();
    private MonotonicTime _due;

    public bool IsEmpty => _waiting.Count == 0;

    public void Add(GroupProposal renewal, MonotonicTime now)
    {
        if (_waiting.Count == 0) _due = now + Gathering;
        _waiting.Enqueue(renewal);
    }

    public void MoveTo(ProposalQueue proposals, MonotonicTime now)
    {
        if (now >= _due) MoveAllTo(proposals);
    }

    public void MoveAllTo(ProposalQueue proposals)
    {
        while (_waiting.Count > 0) proposals.Add(Merge());
    }

    private GroupProposal Merge()
    {
        var merged = new KeepLeasesAlive();
        var callers = new List<GroupProposal>();
        var deadline = _waiting.Peek().Deadline;
        while (_waiting.TryPeek(out var next) && (callers.Count == 0 || merged.Leases.Count + Leases(next).Leases.Count <= LeaseLimits.LeasesPerCommandMax))
        {
            callers.Add(_waiting.Dequeue());
            merged.Leases.AddRange(Leases(next).Leases);
            if (next.Deadline > deadline) deadline = next.Deadline;
        }
        return new GroupProposal(new GroupCommand { KeepLeasesAlive = merged }, deadline, (index, result, error) => Answer(callers, index, result, error));
    }

    private static void Answer(List<GroupProposal> callers, LogIndex index, CommandResult result, NodeError? error)
    {
        if (error is not null || result.Response is null)
        {
            foreach (var caller in callers) caller.Completed(index, result, error);
            return;
        }
        var ended = KeepLeasesAlive.Parser.ParseFrom(result.Response).Leases.ToHashSet();
        foreach (var caller in callers)
        {
            var own = new KeepLeasesAlive();
            own.Leases.AddRange(Leases(caller).Leases.Where(ended.Contains));
            caller.Completed(index, own.Leases.Count == 0 ? result with { Flag = true, Response = null } : result with { Response = own.ToByteArray() }, null);
        }
    }

    private static KeepLeasesAlive Leases(GroupProposal renewal) => renewal.Command.KeepLeasesAlive;
}
