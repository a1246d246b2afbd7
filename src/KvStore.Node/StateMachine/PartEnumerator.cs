namespace KvStore.Node.StateMachine;

/// <summary>The messages that a serialized message holds in one field, as they lie in its bytes, in order. Ends early where the bytes are malformed.</summary>
internal ref struct PartEnumerator(ReadOnlySpan<byte> bytes, uint wanted)
{
    private WireReader reader = new(bytes);
    private readonly uint wanted = wanted;

    public ReadOnlySpan<byte> Current { get; private set; }

    public readonly PartEnumerator GetEnumerator() => this;

    public bool MoveNext()
    {
        while (reader.TryReadTag(out var tag))
        {
            if (tag == wanted)
            {
                Current = reader.ReadBytes();
                return true;
            }
            reader.Skip(tag);
        }
        return false;
    }
}
