using KvStore.Node.Calls;
using KvStore.Node.Commands;
using KvStore.Node.Placement;
using KvStore.Node.Replicas;
using KvStore.Node.StateMachine;
using KvStore.Node.Time;
using KvStore.Raft;

namespace KvStore.Node.Locks;

/// <summary>
/// Brings a group into the position to decide on a fencing token of a lock whose home is elsewhere, before a write that carries it is proposed: the home registers the group, then the group
/// admits the token (the argument stands on <see cref="FenceTable"/>). A token that the home refuses is removed in the group for ever, so that apply says Fenced.
/// </summary>
internal sealed class FenceRegistrations(Func<NodeView> view, GroupCalls calls, ITimeSource time)
{
    /// <summary>Writes that wait for registrations; more are refused.</summary>
    private const int WaitingMax = 10_000;
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(5);

    private readonly Lock _lock = new();
    /// <summary>Under way, each with those that wait for it.</summary>
    private readonly Dictionary<(GroupId, WriteFence), List<Action<NodeError?>>> _underWay = [];
    private int _waiting;

    /// <summary>The first fence that the group cannot decide on yet; null: it can on all.</summary>
    public WriteFence? FindUnknown(GroupReplica replica, IReadOnlyList<WriteFence> fences)
    {
        if (replica.Machine is not { } machine || view().Map is not { } map) return null;
        foreach (var fence in fences)
            if (HomeOf(map, fence.Lock) != replica.Group && !machine.Fences.Known.CanDecide(fence.Lock, fence.Token)) return fence;
        return null;
    }

    /// <summary>Calls back once, on a worker of the node: null when the group can decide, else why the write cannot be proposed (nothing was).</summary>
    public void Register(GroupReplica replica, WriteFence fence, Action<NodeError?> completed)
    {
        switch (Join((replica.Group, fence), completed))
        {
            case Place.First:
                Begin(replica, fence, time.Now + Timeout);
                break;
            case Place.None:
                completed(new NodeError(NodeErrorCode.ResourceExhausted, $"{WaitingMax} writes already wait for the registration of their fences") { RetryAfter = TimeSpan.FromMilliseconds(100) });
                break;
        }
    }

    private enum Place { First, Later, None }

    private Place Join((GroupId, WriteFence) registration, Action<NodeError?> completed)
    {
        lock (_lock)
        {
            if (_waiting >= WaitingMax) return Place.None;
            _waiting++;
            if (_underWay.TryGetValue(registration, out var others))
            {
                others.Add(completed);
                return Place.Later;
            }
            _underWay.Add(registration, [completed]);
            return Place.First;
        }
    }

    private void Begin(GroupReplica replica, WriteFence fence, MonotonicTime deadline)
    {
        // Before the home is asked: a removal of what it says now comes behind this index.
        var began = replica.Applied;
        if (view().Map is not { } map)
        {
            Finish(replica, fence, Unavailable(fence, "this node has no cluster map yet"));
            return;
        }
        var command = new GroupCommand { RegisterFence = new RegisterFence { Lock = fence.Lock, Token = fence.Token, GroupId = replica.Group.Value } };
        calls.Call(HomeOf(map, fence.Lock), command, deadline, CallRetry.UntilAnswered, (_, result, error) =>
        {
            if (error is not null) Finish(replica, fence, Unavailable(fence, error.Message));
            else Registered(replica, fence, began, deadline, result.Status);
        });
    }

    private void Registered(GroupReplica replica, WriteFence fence, LogIndex began, MonotonicTime deadline, CommandStatus answer)
    {
        switch (answer)
        {
            case CommandStatus.Ok:
                var admit = new GroupCommand { AdmitFence = new AdmitFence { Lock = fence.Lock, Token = fence.Token, Began = began.Value } };
                Tell(replica, fence, admit, deadline, status =>
                {
                    if (status == CommandStatus.FenceUnregistered) Begin(replica, fence, deadline);
                    else Finish(replica, fence, null);
                });
                break;
            case CommandStatus.Fenced:
                // It was given out and does not hold the lock: it never will again.
                var remove = new GroupCommand { RemoveFence = new RemoveFence { Lock = fence.Lock, Token = fence.Token } };
                Tell(replica, fence, remove, deadline, _ => Finish(replica, fence, null));
                break;
            case CommandStatus.LockNotFound:
                Finish(replica, fence, new NodeError(NodeErrorCode.LockNotFound, $"fence: token {fence.Token} was never given out, so lock '{fence.Lock}' was never held with it; nothing changed"));
                break;
            default:
                Finish(replica, fence, Unavailable(fence, $"the lock's home says {answer}"));
                break;
        }
    }

    private void Tell(GroupReplica replica, WriteFence fence, GroupCommand command, MonotonicTime deadline, Action<CommandStatus> then) =>
        calls.Call(replica.Group, command, deadline, CallRetry.UntilAnswered, (_, result, error) =>
        {
            if (error is not null) Finish(replica, fence, Unavailable(fence, error.Message));
            else then(result.Status);
        });

    private void Finish(GroupReplica replica, WriteFence fence, NodeError? error)
    {
        List<Action<NodeError?>> waiting;
        lock (_lock)
        {
            _underWay.Remove((replica.Group, fence), out waiting!);
            _waiting -= waiting.Count;
        }
        foreach (var completed in waiting) completed(error);
    }

    private static GroupId HomeOf(ClusterMap map, string name) => map.Resolve(KeyspaceId.System, LockKeys.KeyOf(name))?.Group ?? GroupId.Meta;

    private static NodeError Unavailable(WriteFence fence, string why) =>
        new(NodeErrorCode.Unavailable, $"the write was not proposed, because its fence (lock '{fence.Lock}', token {fence.Token}) could not be registered: {why}") { RetryAfter = TimeSpan.FromMilliseconds(50) };
}
