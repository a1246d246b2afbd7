using KvStore.Node.State;
using KvStore.Raft;
using KvStore.Storage.Engine;

namespace KvStore.Node.StateMachine;

/// <summary>A kept <see cref="CommandResult"/> in little memory: what is rare in a result is behind one reference.</summary>
internal readonly struct StoredAnswer
{
    /// <summary>A <see cref="BoxedCurrent"/> or a response's bytes: no result has both.</summary>
    private readonly object? content;
    private readonly Revision revision;
    private readonly long number;
    private readonly CommandStatus status;
    private readonly bool flag;

    public StoredAnswer(ulong sequence, RangeId range, in CommandResult result)
    {
        Sequence = sequence;
        Range = range;
        status = result.Status;
        revision = result.Revision;
        flag = result.Flag;
        number = result.Number;
        Invariant.That(result.Current is null || result.Response is null);
        content = result.Current is { } value ? new BoxedCurrent(value) : result.Response;
    }

    /// <summary>0: an empty slot.</summary>
    public ulong Sequence { get; }
    /// <summary>Where it was applied: a move of that range takes the result along.</summary>
    public RangeId Range { get; }
    public CommandResult Result => new(status, revision, flag, number, (content as BoxedCurrent)?.Value, content as byte[]);

    /// <summary>Bytes beyond the slot itself.</summary>
    public long ContentBytes => content switch
    {
        BoxedCurrent current => current.Value.Key.Length + current.Value.Value.Length,
        byte[] response => response.Length,
        _ => 0,
    };

    public StoredResult ToRecord()
    {
        var record = new StoredResult
        {
            Sequence = Sequence, RangeId = Range.Value, Status = (uint)status, Revision = revision.Value, Number = number, Flag = flag,
        };
        if (content is byte[] response) record.Response = Google.Protobuf.UnsafeByteOperations.UnsafeWrap(response);
        if (content is not BoxedCurrent current) return record;
        var value = current.Value;
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
        // A live key's mod revision is never 0, so that marks its presence.
        KeyValue? current = record.CurrentModRevision == 0
            ? null
            : new KeyValue(record.CurrentKey.Memory, record.CurrentValue.Memory, new Revision(record.CurrentCreateRevision),
                new Revision(record.CurrentModRevision), record.CurrentVersion, record.CurrentLease, Deleted: false);
        return new StoredAnswer(record.Sequence, new RangeId(record.RangeId),
            new CommandResult((CommandStatus)record.Status, new Revision(record.Revision), record.Flag, record.Number, current,
                record.HasResponse ? record.Response.ToByteArray() : null));
    }

    private sealed class BoxedCurrent(KeyValue value)
    {
        public KeyValue Value { get; } = value;
    }
}
