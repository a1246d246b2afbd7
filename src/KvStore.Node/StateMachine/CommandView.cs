namespace KvStore.Node.StateMachine;

/// <summary>One <c>kvstore.node.Command</c> as it lies in the entry: the spans point into its bytes.</summary>
internal ref struct CommandView
{
    private const uint IdTag = (1 << 3) | WireReader.Varint;
    private const uint PutTag = (3 << 3) | WireReader.LengthDelimited;
    private const uint DeleteTag = (4 << 3) | WireReader.LengthDelimited;
    private const uint CompareAndSwapTag = (5 << 3) | WireReader.LengthDelimited;
    private const uint IncrementTag = (6 << 3) | WireReader.LengthDelimited;
    private const uint TransactionTag = (10 << 3) | WireReader.LengthDelimited;
    private const uint SequenceTag = (9 << 3) | WireReader.Varint;
    private const uint FenceTag = (11 << 3) | WireReader.LengthDelimited;

    private const uint KeyTag = (2 << 3) | WireReader.LengthDelimited;
    private const uint PutValueTag = (3 << 3) | WireReader.LengthDelimited;
    private const uint PutLeaseTag = (6 << 3) | WireReader.Varint;
    private const uint ExpectedTag = (3 << 3) | WireReader.LengthDelimited;
    private const uint NewValueTag = (4 << 3) | WireReader.LengthDelimited;
    private const uint ExpectedModRevisionTag = (7 << 3) | WireReader.Varint;
    private const uint DeltaTag = (3 << 3) | WireReader.Varint;

    public CommandKind Kind { get; private set; }
    public ulong Sequence { get; private set; }
    public ReadOnlySpan<byte> Key { get; private set; }
    /// <summary>What Put or CompareAndSwap stores.</summary>
    public ReadOnlySpan<byte> Value { get; private set; }
    /// <summary>CompareAndSwap without a new value deletes.</summary>
    public bool HasValue { get; private set; }
    public ReadOnlySpan<byte> Expected { get; private set; }
    public bool HasExpected { get; private set; }
    public ulong ExpectedModRevision { get; private set; }
    public bool HasExpectedModRevision { get; private set; }
    public long Delta { get; private set; }
    /// <summary>Of a Put; 0: none.</summary>
    public ulong Lease { get; private set; }
    /// <summary>The serialized <c>kvstore.node.Transaction</c>, which has a view of its own.</summary>
    public ReadOnlySpan<byte> Transaction { get; private set; }
    public FenceView Fence { get; private set; }

    /// <summary>The first field beside the oneof that this version does not know; 0: none.</summary>
    public uint UnknownField { get; private set; }
    /// <summary>The first field within the command's own message that this version does not know; 0: none.</summary>
    public uint UnknownBodyField { get; private set; }
    public bool Malformed { get; private set; }

    public static CommandView Read(ReadOnlySpan<byte> bytes)
    {
        var view = new CommandView();
        var reader = new WireReader(bytes);
        while (reader.TryReadTag(out var tag))
        {
            switch (tag)
            {
                case PutTag or DeleteTag or CompareAndSwapTag or IncrementTag:
                    view.ReadBody((CommandKind)(tag >> 3), reader.ReadBytes());
                    break;
                case TransactionTag:
                    view.ReadTransaction(reader.ReadBytes());
                    break;
                case FenceTag:
                    view.ReadFence(reader.ReadBytes());
                    break;
                case SequenceTag:
                    view.Sequence = reader.ReadVarint();
                    break;
                case IdTag: // the caller's own number for the operation, which says nothing to the state
                    reader.ReadVarint();
                    break;
                default:
                    if (view.UnknownField == 0) view.UnknownField = tag >> 3;
                    reader.Skip(tag);
                    break;
            }
        }
        view.Malformed |= reader.Malformed;
        return view;
    }

    /// <summary>The key alone, of a command that has one; of one that is malformed, or names its key twice, any of its bytes.</summary>
    public static ReadOnlySpan<byte> KeyOf(ReadOnlySpan<byte> command)
    {
        var reader = new WireReader(command);
        while (reader.TryReadTag(out var tag))
        {
            if (tag is not (PutTag or DeleteTag or CompareAndSwapTag or IncrementTag))
            {
                reader.Skip(tag);
                continue;
            }
            var body = new WireReader(reader.ReadBytes());
            while (body.TryReadTag(out var field))
            {
                if (field == KeyTag) return body.ReadBytes();
                body.Skip(field);
            }
        }
        return default;
    }

    private void ReadTransaction(ReadOnlySpan<byte> bytes)
    {
        BeginBody(CommandKind.Transaction);
        // A message that comes twice is merged, which is what its bytes behind each other say.
        Transaction = Transaction.IsEmpty ? bytes : (byte[])[.. Transaction, .. bytes];
    }

    private void ReadFence(ReadOnlySpan<byte> bytes)
    {
        var fence = FenceView.Read(bytes, Fence);
        Malformed |= fence.Malformed;
        if (UnknownBodyField == 0) UnknownBodyField = fence.UnknownField;
        Fence = fence;
    }

    private void BeginBody(CommandKind kind)
    {
        if (Kind != kind && Kind != CommandKind.None)
            this = new CommandView { Sequence = Sequence, Fence = Fence, UnknownField = UnknownField, UnknownBodyField = UnknownBodyField, Malformed = Malformed };
        Kind = kind;
    }

    /// <summary>As protobuf has it: the last member of a oneof wins, and the same one twice is merged.</summary>
    private void ReadBody(CommandKind kind, ReadOnlySpan<byte> bytes)
    {
        BeginBody(kind);
        var reader = new WireReader(bytes);
        while (reader.TryReadTag(out var tag))
        {
            if (tag == KeyTag) Key = reader.ReadBytes();
            else if (!TryReadField(tag, ref reader))
            {
                if (UnknownBodyField == 0) UnknownBodyField = tag >> 3;
                reader.Skip(tag);
            }
        }
        Malformed |= reader.Malformed;
    }

    private bool TryReadField(uint tag, ref WireReader reader)
    {
        switch (Kind, tag)
        {
            case (CommandKind.Put, PutValueTag):
            case (CommandKind.CompareAndSwap, NewValueTag):
                Value = reader.ReadBytes();
                HasValue = true;
                return true;
            case (CommandKind.Put, PutLeaseTag):
                Lease = reader.ReadVarint();
                return true;
            case (CommandKind.CompareAndSwap, ExpectedTag):
                Expected = reader.ReadBytes();
                HasExpected = true;
                return true;
            case (CommandKind.CompareAndSwap, ExpectedModRevisionTag):
                ExpectedModRevision = reader.ReadVarint();
                HasExpectedModRevision = true;
                return true;
            case (CommandKind.Increment, DeltaTag):
                Delta = reader.ReadZigZag();
                return true;
            default:
                return false;
        }
    }
}
