using KvStore.Node.Commands;
using KvStore.Node.StateMachine;
using KvStore.Raft;

namespace KvStore.Node.Replicas;

/// <summary>A command that no range owns, on its way into the log. The callback gets the entry's index and the command's result, or an error; once.</summary>
internal sealed record GroupProposal(GroupCommand Command, MonotonicTime Deadline, Action<LogIndex, CommandResult, NodeError?> Completed)
{
    /// <summary>Its id is the log index, so that one entry holds at most one such command.</summary>
    public bool NamedByIndex => Command.CommandCase is GroupCommand.CommandOneofCase.OpenSession or GroupCommand.CommandOneofCase.CreateRange;
}
