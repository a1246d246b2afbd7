namespace KvStore.Client.Internal.Wire;

/// <summary>Writes the protobuf wire format into a buffer that is large enough. Field numbers are at most 15.</summary>
internal ref struct WireWriter(Span<byte> buffer)
{
    private const int VarintType = 0;
    private const int DelimitedType = 2;
    private readonly Span<byte> _buffer = buffer;
    private int _length;

    public readonly int Length => _length;

    /// <summary>Nothing when it is 0, the default of every field.</summary>
    public void Field(int number, ulong value)
    {
        if (value != 0) FieldEvenIfZero(number, value);
    }

    public void FieldEvenIfZero(int number, ulong value)
    {
        _buffer[_length++] = (byte)((number << 3) | VarintType);
        Varint(value);
    }

    public void BytesUnlessEmpty(int number, ReadOnlySpan<byte> bytes)
    {
        if (!bytes.IsEmpty) Bytes(number, bytes);
    }

    public void Bytes(int number, ReadOnlySpan<byte> bytes)
    {
        Begin(number, bytes.Length);
        bytes.CopyTo(_buffer[_length..]);
        _length += bytes.Length;
    }

    /// <summary>The content of a message that is serialized already.</summary>
    public void Raw(ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(_buffer[_length..]);
        _length += bytes.Length;
    }

    /// <summary>Begins a message of so many bytes, which the caller writes next.</summary>
    public void Begin(int number, int length)
    {
        _buffer[_length++] = (byte)((number << 3) | DelimitedType);
        Varint((ulong)length);
    }

    private void Varint(ulong value)
    {
        while (value >= 0x80)
        {
            _buffer[_length++] = (byte)(value | 0x80);
            value >>= 7;
        }
        _buffer[_length++] = (byte)value;
    }
}
