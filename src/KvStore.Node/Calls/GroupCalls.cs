using KvStore.Node.Commands;
using KvStore.Node.Peer;
using KvStore.Node.Replicas;
using KvStore.Node.StateMachine;
using KvStore.Node.Time;
using KvStore.Node.Transport;
using KvStore.Node.Workers;
using KvStore.Raft;

namespace KvStore.Node.Calls;

/// <summary>
/// Proposes group commands to any group, wherever it is led: here, or by a frame to the node that leads it. It looks for the leader, waits while there is none, and answers each call exactly
/// once: with what apply said, with a definite error, or, when the deadline has passed, with an error that says whether the command may have been proposed. This is how one
/// group's leader makes another group do its part (the end of a lease, a fence), and how a node serves requests for groups that it does not lead.
/// </summary>
/// <remarks>
/// Nothing here survives a crash: whoever drives a protocol over groups keeps its state in a group's log and calls again, and its commands have to bear being applied twice.
/// Frames are best effort; a call without an answer is sent again.
/// </remarks>
internal sealed class GroupCalls : NodeWorker
{
    private static readonly TimeSpan ResendAfter = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan RetryAfterMin = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan RetryAfterMax = TimeSpan.FromMilliseconds(200);

    private readonly NodeId _self;
    private readonly Func<NodeView> _view;
    private readonly ITimeSource _time;
    private readonly OutgoingFrames _frames;
    private readonly Inbox<Action> _inbox;
    private readonly SortedDictionary<ulong, OutgoingCall> _calls = [];
    private readonly List<OutgoingCall> _due = [];
    /// <summary>Starts anywhere, so that an answer to a call from before a restart meets no call of now.</summary>
    private ulong _lastId;

    public GroupCalls(NodeId self, Func<NodeView> view, ITransport transport, ITimeSource time, ulong firstId, NodeFailure failure) : base("calls", failure)
    {
        (_self, _view, _time, _lastId) = (self, view, time, firstId >> 1);
        _frames = new OutgoingFrames(transport);
        _inbox = new Inbox<Action>(this);
    }

    /// <summary>Any thread. <paramref name="completed"/> is called once, on a worker of the node: it must be quick and must not throw. It gets the entry's index and the result, or an error.</summary>
    public void Call(GroupId group, GroupCommand command, MonotonicTime deadline, CallRetry retry, Action<LogIndex, CommandResult, NodeError?> completed) => _inbox.Post(() =>
    {
        var call = new OutgoingCall(++_lastId, group, command, deadline, retry, completed);
        _calls.Add(call.Id, call);
    });

    /// <summary>Any thread: runs something on this worker, after what was posted before.</summary>
    public void Post(Action work) => _inbox.Post(work);

    /// <summary>From the transport.</summary>
    public void Received(NodeId from, PeerFrame frame) => _inbox.Post(() =>
    {
        foreach (var call in frame.Calls) Serve(from, call);
        foreach (var reply in frame.Replies)
        {
            if (!_calls.TryGetValue(reply.CallId, out var call)) continue;
            if (reply.Error is null) Complete(call, new LogIndex(reply.Index), CallRecords.Result(reply), null);
            else Refused(call, CallRecords.Error(reply.Error));
        }
    });

    /// <summary>From the transport: what was sent there may be lost.</summary>
    public void Unreachable(NodeId node) => _inbox.Post(() =>
    {
        foreach (var call in _calls.Values.Where(call => call.SentTo == node).ToList())
            Refused(call, new NodeError(NodeErrorCode.Unavailable, $"the connection to node {node} broke") { OutcomeUnknown = true });
    });

    protected override MonotonicTime? Turn()
    {
        foreach (var work in _inbox.Drain()) work();
        var now = _time.Now;
        if (_calls.Count > 0) MakeDue(now);
        _frames.Send();
        return _calls.Count == 0 ? null : _calls.Values.Min(call => call.Due < call.Deadline ? call.Due : call.Deadline);
    }

    private void MakeDue(MonotonicTime now)
    {
        _due.AddRange(_calls.Values.Where(call => call.Due <= now || call.Deadline <= now));
        foreach (var call in _due)
        {
            if (call.Deadline <= now) Complete(call, LogIndex.None, default, InTime(call));
            else if (call.SentTo != NodeId.None && call.Retry == CallRetry.WhenRefused) call.Due = call.Deadline;
            else Make(call, now);
        }
        _due.Clear();
    }

    private void Make(OutgoingCall call, MonotonicTime now)
    {
        call.Attempts++;
        call.Due = now + ResendAfter;
        call.SentTo = NodeId.None;
        var target = Target(call);
        if (target == NodeId.None)
        {
            call.Due = now + RetryAfterMax;
            call.LastError = new NodeError(NodeErrorCode.Unavailable, $"group {call.Group} has no leader that this node knows of");
            return;
        }
        call.SentTo = target;
        call.MayBeProposed = true;
        if (target == _self) ProposeHere(call.Group, call.Command, call.Deadline, (index, result, error) => _inbox.Post(() => Answered(call, index, result, error)));
        else _frames.To(target).Calls.Add(new GroupCall { CallId = call.Id, GroupId = call.Group.Value, Command = call.Command, TimeoutMs = Milliseconds(call.Deadline - now) });
    }

    /// <summary>The leader as far as anyone here knows; else the group's nodes in turn, for one of them may know.</summary>
    private NodeId Target(OutgoingCall call)
    {
        var view = _view();
        var hint = call.Hint;
        call.Hint = NodeId.None;
        if (hint != NodeId.None) return hint;
        if (view.Find(call.Group)?.View.Leader is { } leader && leader != NodeId.None) return leader;
        if (view.Map?.Find(call.Group) is not { Replicas: { Count: > 0 } replicas }) return NodeId.None;
        return replicas[call.Attempts % replicas.Count].Node;
    }

    private void Answered(OutgoingCall call, LogIndex index, CommandResult result, NodeError? error)
    {
        if (!_calls.ContainsKey(call.Id)) return;
        if (error is null) Complete(call, index, result, null);
        else Refused(call, error);
    }

    private void Refused(OutgoingCall call, NodeError error)
    {
        if (!error.OutcomeUnknown && call.Retry == CallRetry.WhenRefused) call.MayBeProposed = false;
        var again = error.OutcomeUnknown
            ? call.Retry == CallRetry.UntilAnswered
            : error.Code is NodeErrorCode.NotLeader or NodeErrorCode.Unavailable or NodeErrorCode.ResourceExhausted;
        if (!again)
        {
            Complete(call, LogIndex.None, default, error);
            return;
        }
        call.LastError = error;
        call.SentTo = NodeId.None;
        call.Hint = error.LeaderNode;
        var wait = error.RetryAfter > RetryAfterMin ? error.RetryAfter : RetryAfterMin * Math.Min(call.Attempts, 8);
        call.Due = _time.Now + (wait < RetryAfterMax ? wait : RetryAfterMax);
    }

    private void Complete(OutgoingCall call, LogIndex index, in CommandResult result, NodeError? error)
    {
        if (_calls.Remove(call.Id)) call.Completed(index, result, error);
    }

    private void Serve(NodeId from, GroupCall call)
    {
        if (call.Command is null || call.Command.CommandCase == GroupCommand.CommandOneofCase.None)
        {
            _frames.To(from).Replies.Add(CallRecords.Reply(call.CallId, LogIndex.None, default, new NodeError(NodeErrorCode.InvalidArgument, "the command is not known to this node")));
            return;
        }
        var deadline = _time.Now + TimeSpan.FromMilliseconds(call.TimeoutMs);
        ProposeHere(new GroupId(call.GroupId), call.Command, deadline,
            (index, result, error) => _inbox.Post(() => _frames.To(from).Replies.Add(CallRecords.Reply(call.CallId, index, result, error))));
    }

    private void ProposeHere(GroupId group, GroupCommand command, MonotonicTime deadline, Action<LogIndex, CommandResult, NodeError?> completed)
    {
        var replica = _view().Find(group);
        if (replica is null || replica.StoppedReason is not null || !replica.View.IsLeader)
        {
            var error = replica?.NotLeaderError() ?? new NodeError(NodeErrorCode.NotLeader, $"this node has no replica of group {group}");
            completed(LogIndex.None, default, error);
            return;
        }
        replica.Loop.Post(new LoopInput(LoopInputKind.Propose, replica, new GroupProposal(command, deadline, completed)));
    }

    private static NodeError InTime(OutgoingCall call) => new(NodeErrorCode.DeadlineExceeded,
        call.LastError is { } last ? $"not answered in time; before that: {last.Message}" : "not answered in time") { OutcomeUnknown = call.MayBeProposed };

    private static uint Milliseconds(TimeSpan time) => (uint)Math.Clamp(Math.Ceiling(time.TotalMilliseconds), 1, int.MaxValue);

    protected override void Abandon(NodeError error)
    {
        foreach (var work in _inbox.Drain()) work();
        foreach (var call in _calls.Values.ToList()) Complete(call, LogIndex.None, default, error with { OutcomeUnknown = call.MayBeProposed });
    }
}
