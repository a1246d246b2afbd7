using KvStore.Node.State;
using KvStore.Storage.Engine;

namespace KvStore.Node.StateMachine;

/// <summary>A kept <see cref="CommandResult"/>.</summary>
/// <param name="sequence">0: an empty slot.</param>
/// <param name="range">Where it was applied: a move of that range takes the result along.</param>
internal readonly struct StoredAnswer(ulong sequence, RangeId range, in CommandResult result)
{
    public ulong Sequence { get; } = sequence;
    public CommandResult Result { get; } = result;

    public StoredResult ToRecord()
    {
        var record = new StoredResult
        {
            Sequence = Sequence, RangeId = range.Value, Status = (uint)Result.Status, Revision = Result.Revision.Value, Number = Result.Number, Flag = Result.Flag,
        };
        if (Result.Response is { } response) record.Response = Google.Protobuf.UnsafeByteOperations.UnsafeWrap(response);
        if (Result.Current is not { } value) return record;
        record.CurrentKey = Google.Protobuf.ByteString.CopyFrom(value.Key.Span);
        record.CurrentValue = Google.Protobuf.ByteString.CopyFrom(value.Value.Span);
        record.CurrentModRevision = value.Modified.Value;
        record.CurrentCreateRevision = value.Create.Value;
        record.CurrentVersion = value.Version;
        record.CurrentLease = value.Lease;
        return record;
    }

    public static StoredAnswer FromRecord(StoredResult record)
    {
        var result = new CommandResult((CommandStatus)record.Status, new Revision(record.Revision), record.Flag, record.Number);
        if (record.HasResponse) result = result with { Response = record.Response.ToByteArray() };
        // A live key's mod revision is never 0, so that marks its presence.
        if (record.CurrentModRevision != 0)
        {
            var current = new KeyValue(record.CurrentKey.Memory, record.CurrentValue.Memory, new Revision(record.CurrentCreateRevision),
                new Revision(record.CurrentModRevision), record.CurrentVersion, record.CurrentLease, Deleted: false);
            result = result with { Current = current };
        }
        return new StoredAnswer(record.Sequence, new RangeId(record.RangeId), result);
    }
}
