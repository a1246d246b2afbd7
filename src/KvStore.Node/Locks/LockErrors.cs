using System.Text;
using KvStore.Node.StateMachine;

namespace KvStore.Node.Locks;

/// <summary>What the results of commands about locks are to a caller.</summary>
internal static class LockErrors
{
    /// <summary>Null for Ok.</summary>
    public static NodeError? Of(in CommandResult result, string name) => result.Status switch
    {
        CommandStatus.Ok => null,
        CommandStatus.InvalidArgument => new NodeError(NodeErrorCode.InvalidArgument, $"lock '{Shown(name)}': the name, the value or the sequence is out of bounds; nothing changed"),
        CommandStatus.EpochNotMatch => new NodeError(NodeErrorCode.Unavailable, $"lock '{Shown(name)}' is moving to another group; nothing changed") { RetryAfter = TimeSpan.FromMilliseconds(50) },
        CommandStatus.SessionExpired => new NodeError(NodeErrorCode.SessionExpired, "the client session has ended or the result was already acknowledged") { OutcomeUnknown = true },
        CommandStatus.LeaseNotFound => new NodeError(NodeErrorCode.LeaseNotFound, $"lock '{Shown(name)}': the lease is unknown or has ended; nothing changed"),
        CommandStatus.Fenced => new NodeError(NodeErrorCode.Fenced, $"lock '{Shown(name)}': the token does not hold it any more; nothing changed"),
        CommandStatus.LockNotFound => new NodeError(NodeErrorCode.LockNotFound, $"lock '{Shown(name)}': that token was never given out; nothing changed"),
        CommandStatus.ResourceExhausted => new NodeError(NodeErrorCode.ResourceExhausted, $"lock '{Shown(name)}': too many claims wait for it, or there are too many locks; nothing changed") { RetryAfter = TimeSpan.FromSeconds(1) },
        _ => new NodeError(NodeErrorCode.Internal, $"lock '{Shown(name)}': unknown status {result.Status}"),
    };

    private static string Shown(string name) => Encoding.UTF8.GetByteCount(name) > 64 ? name[..Math.Min(name.Length, 32)] + "…" : name;
}
