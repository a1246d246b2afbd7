using Google.Protobuf;
using KvStore.Node.Commands;
using KvStore.Raft;

namespace KvStore.Node.Placement;

/// <summary>A <see cref="RangeDescriptor"/> in commands and states.</summary>
internal static class RangeRecords
{
    public static RangeRecord ToRecord(this RangeDescriptor range) => new()
    {
        RangeId = range.Id.Value, Epoch = range.Epoch, GroupId = range.Group.Value, KeyspaceId = range.Keyspace.Value,
        Start = ByteString.CopyFrom(range.Start.Span), End = ByteString.CopyFrom(range.End.Span),
        SplitNever = range.Colocation == Colocation.Keyspace,
    };

    public static RangeDescriptor FromRecord(RangeRecord record) =>
        new(new RangeId(record.RangeId), record.Epoch, new GroupId(record.GroupId), new KeyspaceId(record.KeyspaceId), record.Start.Memory, record.End.Memory)
        {
            Colocation = record.SplitNever ? Colocation.Keyspace : Colocation.ByPrefix,
        };
}
