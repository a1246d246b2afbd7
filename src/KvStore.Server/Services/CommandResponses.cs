using System.Text;
using Google.Protobuf;
using KvStore.Node;
using KvStore.Node.StateMachine;
using KvStore.Protocol.V1;
using KvStore.Server.Session;

namespace KvStore.Server.Services;

/// <summary>From what apply said of a command to kvstore.v1.</summary>
internal static class CommandResponses
{
    /// <summary>The error that a result stands for; null when the command was carried out (a mismatch is an answer, not an error).</summary>
    public static NodeError? ErrorOf(in CommandResult result) => result.Status switch
    {
        CommandStatus.Ok or CommandStatus.Mismatch => null,
        CommandStatus.EpochNotMatch => new NodeError(NodeErrorCode.EpochNotMatch, "the range is not here at that epoch; not applied"),
        CommandStatus.SessionExpired => new NodeError(NodeErrorCode.SessionExpired, "the client session has ended or the result was already acknowledged; if this write was sent before, its outcome is unknown") { OutcomeUnknown = true },
        CommandStatus.NotANumber => new NodeError(NodeErrorCode.FailedPrecondition, "increment: the value is not a decimal 64-bit number, or the sum would overflow; nothing changed"),
        CommandStatus.Fenced => new NodeError(NodeErrorCode.Fenced, ReasonOr(result, "the fencing token is not the holder's; nothing changed")),
        CommandStatus.LockNotFound => new NodeError(NodeErrorCode.LockNotFound, ReasonOr(result, "fence: the token was never given out; nothing changed")),
        CommandStatus.FenceUnregistered => new NodeError(NodeErrorCode.Unavailable, "the fence is not registered with this range's group now; nothing changed") { RetryAfter = TimeSpan.FromMilliseconds(10) },
        CommandStatus.InvalidArgument => new NodeError(NodeErrorCode.InvalidArgument, ReasonOr(result, "the command is malformed; nothing changed")),
        CommandStatus.LeaseNotFound => new NodeError(NodeErrorCode.LeaseNotFound, ReasonOr(result, "lease: it is unknown or has ended; nothing changed")),
        CommandStatus.LeaseExists => new NodeError(NodeErrorCode.FailedPrecondition, "lease: there is one of that id; nothing changed"),
        CommandStatus.ResourceExhausted => new NodeError(NodeErrorCode.ResourceExhausted, ReasonOr(result, "the group's table of leases and their keys is full; nothing changed")) { RetryAfter = TimeSpan.FromSeconds(1) },
        CommandStatus.NotColocated => new NodeError(NodeErrorCode.NotColocated, ReasonOr(result, "the keys lie in different colocation units; nothing changed")),
        CommandStatus.FailedPrecondition => new NodeError(NodeErrorCode.FailedPrecondition, ReasonOr(result, "what the transaction needs is not there; nothing changed")),
        _ => new NodeError(NodeErrorCode.Internal, $"unknown command status {result.Status}"),
    };

    private static string ReasonOr(in CommandResult result, string text) => result.Response is { Length: > 0 } reason ? Encoding.UTF8.GetString(reason) : text;

    public static OperationResult ToOperationResult(ulong id, OperationKind kind, in CommandResult result)
    {
        var operation = new OperationResult { Id = id };
        if (ErrorOf(result) is { } error)
        {
            operation.Error = Errors.ToProto(error);
            return operation;
        }

        switch (kind)
        {
            case OperationKind.Put: operation.Put = Put(result); break;
            case OperationKind.Delete: operation.Delete = Delete(result); break;
            case OperationKind.CompareAndSwap: operation.CompareAndSwap = CompareAndSwap(result); break;
            case OperationKind.Increment: operation.Increment = Increment(result); break;
            case OperationKind.Transaction: operation.Transaction = Transaction(result); break;
            default: throw new InvalidOperationException($"{kind} is not a write");
        }

        return operation;
    }

    public static PutResponse Put(in CommandResult result, ResponseHeader? header = null) => new() { Header = header, Revision = result.Revision.Value };

    public static DeleteResponse Delete(in CommandResult result, ResponseHeader? header = null) => new() { Header = header, Revision = result.Revision.Value, Existed = result.Flag };

    public static CompareAndSwapResponse CompareAndSwap(in CommandResult result, ResponseHeader? header = null) => new()
    {
        Header = header,
        Revision = result.Revision.Value,
        Swapped = result.Flag,
        Current = result.Current is { } current ? ToProto(current) : null,
    };

    public static IncrementResponse Increment(in CommandResult result, ResponseHeader? header = null) => new() { Header = header, Revision = result.Revision.Value, Value = result.Number };

    public static TransactionResponse Transaction(in CommandResult result, ResponseHeader? header = null)
    {
        var response = TransactionResponse.Parser.ParseFrom(result.Response);
        response.Header = header;
        response.Revision = result.Revision.Value;
        return response;
    }

    public static KeyValue ToProto(in Storage.Engine.KeyValue value) => new()
    {
        Key = UnsafeByteOperations.UnsafeWrap(value.Key),
        Value = UnsafeByteOperations.UnsafeWrap(value.Value),
        CreateRevision = value.Create.Value,
        ModRevision = value.Modified.Value,
        Version = value.Version,
        Lease = value.Lease,
    };
}
