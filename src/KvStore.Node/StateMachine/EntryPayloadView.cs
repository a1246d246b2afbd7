namespace KvStore.Node.StateMachine;

/// <summary>The head of one <c>kvstore.node.EntryPayload</c> and its parts, each as it lies in the entry.</summary>
internal ref struct EntryPayloadView
{
    public const uint GroupTimeTag = (1 << 3) | WireReader.Varint;
    public const uint RangeCommandsTag = (2 << 3) | WireReader.LengthDelimited;
    public const uint GroupCommandTag = (3 << 3) | WireReader.LengthDelimited;

    private ReadOnlySpan<byte> bytes;

    public ulong GroupTime { get; private set; }
    public int RangeCommandsCount { get; private set; }
    public int GroupCommandsCount { get; private set; }
    public bool Malformed { get; private set; }

    public static EntryPayloadView Read(ReadOnlySpan<byte> bytes)
    {
        var view = new EntryPayloadView { bytes = bytes };
        var reader = new WireReader(bytes);
        while (reader.TryReadTag(out var tag))
        {
            if (tag == GroupTimeTag)
            {
                view.GroupTime = reader.ReadVarint();
                continue;
            }
            if (tag == RangeCommandsTag) view.RangeCommandsCount++;
            if (tag == GroupCommandTag) view.GroupCommandsCount++;
            reader.Skip(tag);
        }
        view.Malformed = reader.Malformed;
        return view;
    }

    /// <summary>The serialized messages of RangeCommands, in order.</summary>
    public readonly PartEnumerator RangeCommands => new(bytes, RangeCommandsTag);
    /// <summary>The serialized messages of GroupCommand, in order.</summary>
    public readonly PartEnumerator GroupCommands => new(bytes, GroupCommandTag);
}
