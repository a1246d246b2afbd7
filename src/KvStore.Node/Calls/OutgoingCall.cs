using KvStore.Node.Commands;
using KvStore.Node.StateMachine;
using KvStore.Raft;

namespace KvStore.Node.Calls;

/// <summary>A call of this node that is not yet answered. Only the worker of the calls touches it.</summary>
internal sealed class OutgoingCall(ulong id, GroupId group, GroupCommand command, MonotonicTime deadline, CallRetry retry, Action<LogIndex, CommandResult, NodeError?> completed)
{
    public ulong Id { get; } = id;
    public GroupId Group { get; } = group;
    public GroupCommand Command { get; } = command;
    public MonotonicTime Deadline { get; } = deadline;
    public CallRetry Retry { get; } = retry;
    public Action<LogIndex, CommandResult, NodeError?> Completed { get; } = completed;

    /// <summary>When it is made, or made again.</summary>
    public MonotonicTime Due { get; set; }
    /// <summary>Where it is under way; none: nowhere.</summary>
    public NodeId SentTo { get; set; }
    /// <summary>Who leads, as the last refusal said; none: look it up.</summary>
    public NodeId Hint { get; set; }
    public int Attempts { get; set; }
    /// <summary>Some attempt may have been proposed.</summary>
    public bool MayBeProposed { get; set; }
    /// <summary>The newest refusal, told when the deadline passes.</summary>
    public NodeError? LastError { get; set; }
}
