using Google.Protobuf;
using KvStore.Node.Peer;
using KvStore.Node.StateMachine;
using KvStore.Raft;
using KvStore.Storage.Engine;

namespace KvStore.Node.Calls;

/// <summary>Results and errors of calls as they travel between nodes.</summary>
internal static class CallRecords
{
    public static GroupCallReply Reply(ulong call, LogIndex index, in CommandResult result, NodeError? error)
    {
        if (error is not null)
        {
            return new GroupCallReply
            {
                CallId = call,
                Error = new CallError
                {
                    Code = (uint)error.Code, Message = error.Message, OutcomeUnknown = error.OutcomeUnknown,
                    RetryAfterMs = (uint)Math.Clamp(error.RetryAfter.TotalMilliseconds, 0, uint.MaxValue), LeaderNode = error.LeaderNode.Value,
                },
            };
        }
        Invariant.That(!result.HasCurrent, "results of group commands hold no value");
        return new GroupCallReply
        {
            CallId = call, Index = index.Value, Status = (uint)result.Status, Revision = result.Revision.Value, Flag = result.Flag, Number = result.Number,
            Response = result.Response is { } response ? UnsafeByteOperations.UnsafeWrap(response) : ByteString.Empty,
        };
    }

    public static CommandResult Result(GroupCallReply reply) =>
        new((CommandStatus)reply.Status, new Revision(reply.Revision), reply.Flag, reply.Number) { Response = reply.Response.IsEmpty ? null : reply.Response.ToByteArray() };

    public static NodeError Error(CallError error) => new((NodeErrorCode)error.Code, error.Message)
    {
        OutcomeUnknown = error.OutcomeUnknown, RetryAfter = TimeSpan.FromMilliseconds(error.RetryAfterMs), LeaderNode = new NodeId(error.LeaderNode),
    };
}
