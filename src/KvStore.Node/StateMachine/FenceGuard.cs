using System.Text;
using KvStore.Node.Locks;

namespace KvStore.Node.StateMachine;

/// <summary>
/// Whether a fenced command may be executed. Asked after ownership and session and before any compare (DESIGN §6). In the lock's home the holder's token counts, in any other group what its
/// home has admitted here.
/// </summary>
internal sealed class FenceGuard(RangeTable ranges, LockTable locks, FenceTable fences)
{
    /// <returns>Null: it may. Else why not: nothing of the command is applied then.</returns>
    public CommandResult? Refuse(HostedRange range, scoped in FenceView fence)
    {
        var name = Encoding.UTF8.GetString(fence.Lock);
        var status = ranges.Find(KeyspaceId.System, LockKeys.KeyOf(name)) is not null ? locks.Check(name, fence.Token) : fences.Check(name, fence.Token);
        return status switch
        {
            CommandStatus.Ok => null,
            CommandStatus.Fenced => Refused(status, range, $"lock '{name}': token {fence.Token} does not hold it any more; nothing changed"),
            CommandStatus.LockNotFound => Refused(status, range, $"fence: token {fence.Token} was never given out, so lock '{name}' was never held with it; nothing changed"),
            _ => new CommandResult(status, range.Revision),
        };
    }

    private static CommandResult Refused(CommandStatus status, HostedRange range, FormattableString reason) =>
        new(status, range.Revision) { Response = Encoding.UTF8.GetBytes(reason.ToString(System.Globalization.CultureInfo.InvariantCulture)) };
}
