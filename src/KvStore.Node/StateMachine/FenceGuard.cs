namespace KvStore.Node.StateMachine;

/// <summary>Whether a fenced command may be executed. Asked after ownership and session and before any compare (DESIGN §6).</summary>
internal sealed class FenceGuard
{
    /// <returns>Ok, or why the command is refused: nothing of it is applied then. No lock has been taken in this group, so no fence is known.</returns>
    public CommandStatus Check(HostedRange range, scoped in FenceView fence) => CommandStatus.InvalidArgument;
}
