namespace KvStore.Client.Internal.Wire;

/// <summary>Reads the protobuf wire format field by field; fields that the caller does not know are passed over.</summary>
internal ref struct WireReader(ReadOnlySpan<byte> message)
{
    private readonly ReadOnlySpan<byte> _message = message;
    private int _at;

    public int Number { get; private set; }

    /// <summary>Of a varint or fixed-width field.</summary>
    public ulong Value { get; private set; }

    /// <summary>Of a length-delimited field.</summary>
    public ReadOnlySpan<byte> Bytes { get; private set; }

    /// <exception cref="FormatException">The message is malformed.</exception>
    public bool Next()
    {
        if (_at == _message.Length) return false;
        var tag = Varint();
        Number = (int)(tag >> 3);
        Bytes = default;
        switch (tag & 7)
        {
            case 0:
                Value = Varint();
                break;
            case 1:
                Value = BitConverter.ToUInt64(Take(8));
                break;
            case 2:
                var length = Varint();
                if (length > (ulong)(_message.Length - _at)) throw Malformed();
                Bytes = Take((int)length);
                break;
            case 5:
                Value = BitConverter.ToUInt32(Take(4));
                break;
            default:
                throw Malformed();
        }
        return true;
    }

    private ReadOnlySpan<byte> Take(int length)
    {
        if (length > _message.Length - _at) throw Malformed();
        var taken = _message.Slice(_at, length);
        _at += length;
        return taken;
    }

    private ulong Varint()
    {
        ulong value = 0;
        for (var shift = 0; shift < 64; shift += 7)
        {
            if (_at == _message.Length) break;
            var b = _message[_at++];
            value |= (ulong)(b & 0x7F) << shift;
            if (b < 0x80) return value;
        }
        throw Malformed();
    }

    private readonly FormatException Malformed() => new($"The answer is no valid message at byte {_at} of {_message.Length}.");
}
