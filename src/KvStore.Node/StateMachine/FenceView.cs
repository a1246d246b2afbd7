namespace KvStore.Node.StateMachine;

/// <summary>The <c>kvstore.node.Fence</c> of a command as it lies in the entry.</summary>
internal ref struct FenceView
{
    private const uint LockTag = (1 << 3) | WireReader.LengthDelimited;
    private const uint TokenTag = (2 << 3) | WireReader.Varint;

    /// <summary>False: the command carries none.</summary>
    public bool IsPresent { get; private set; }
    /// <summary>The lock's name, as its bytes.</summary>
    public ReadOnlySpan<byte> Lock { get; private set; }
    public ulong Token { get; private set; }
    public uint UnknownField { get; private set; }
    public bool Malformed { get; private set; }

    /// <summary>Merges into what an earlier field of the same command said, as protobuf has it.</summary>
    public static FenceView Read(ReadOnlySpan<byte> bytes, scoped in FenceView earlier)
    {
        var view = new FenceView { IsPresent = true, Lock = earlier.Lock, Token = earlier.Token, UnknownField = earlier.UnknownField };
        var reader = new WireReader(bytes);
        while (reader.TryReadTag(out var tag))
        {
            if (tag == LockTag) view.Lock = reader.ReadBytes();
            else if (tag == TokenTag) view.Token = reader.ReadVarint();
            else
            {
                if (view.UnknownField == 0) view.UnknownField = tag >> 3;
                reader.Skip(tag);
            }
        }
        view.Malformed = reader.Malformed;
        return view;
    }
}
