using Google.Protobuf;
using Grpc.Core;
using KvStore.Node;
using KvStore.Protocol.V1;

namespace KvStore.Server.Services;

/// <summary>One table from the node's errors to kvstore.v1 and to gRPC statuses.</summary>
internal static class Errors
{
    /// <summary>The trailer that carries the serialized <see cref="Error"/>.</summary>
    public const string Trailer = "kvstore-error-bin";

    public static Error ToProto(NodeError error) => new()
    {
        Code = (ErrorCode)error.Code,
        Message = error.Message,
        OutcomeUnknown = error.OutcomeUnknown,
        RetryAfterMs = (uint)Math.Clamp(error.RetryAfter.TotalMilliseconds, 0, uint.MaxValue),
        Range = error.Range is { } range ? ToProto(range) : null,
        LeaderNode = error.LeaderNode.Value,
        Key = error.Keys is { } keys ? UnsafeByteOperations.UnsafeWrap(keys.Key) : ByteString.Empty,
        OtherKey = error.Keys is { } apart ? UnsafeByteOperations.UnsafeWrap(apart.Other) : ByteString.Empty,
    };

    public static Protocol.V1.RangeDescriptor ToProto(Node.Placement.RangeDescriptor range, Node.Placement.ClusterMap? map = null) => new()
    {
        RangeId = range.Id.Value,
        Epoch = range.Epoch,
        Group = range.Group.Value,
        KeyspaceId = range.Keyspace.Value,
        Keyspace = map?.Keyspaces.FirstOrDefault(k => k.Id == range.Keyspace)?.Name ?? "",
        Start = ByteString.CopyFrom(range.Start.Span),
        End = ByteString.CopyFrom(range.End.Span),
    };

    public static RpcException ToRpc(NodeError error) => new(new Status(StatusOf(error.Code), error.Message), TrailersOf(error));

    public static Metadata TrailersOf(NodeError error) => new() { { Trailer, ToProto(error).ToByteArray() } };

    private static StatusCode StatusOf(NodeErrorCode code) => code switch
    {
        NodeErrorCode.InvalidArgument or NodeErrorCode.NotColocated => StatusCode.InvalidArgument,
        NodeErrorCode.EpochNotMatch or NodeErrorCode.FailedPrecondition or NodeErrorCode.Fenced or NodeErrorCode.LeaseElsewhere => StatusCode.FailedPrecondition,
        NodeErrorCode.NotLeader or NodeErrorCode.Unavailable => StatusCode.Unavailable,
        NodeErrorCode.ResourceExhausted => StatusCode.ResourceExhausted,
        NodeErrorCode.DeadlineExceeded => StatusCode.DeadlineExceeded,
        NodeErrorCode.SessionExpired => StatusCode.Aborted,
        NodeErrorCode.Compacted or NodeErrorCode.FutureRevision => StatusCode.OutOfRange,
        NodeErrorCode.NotFound or NodeErrorCode.LeaseNotFound or NodeErrorCode.LockNotFound => StatusCode.NotFound,
        _ => StatusCode.Internal,
    };
}
