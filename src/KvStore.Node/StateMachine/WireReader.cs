using System.Runtime.CompilerServices;

namespace KvStore.Node.StateMachine;

/// <summary>
/// Reads the protobuf wire format from a span without making objects. What it cannot read sets <see cref="Malformed"/> and ends every loop;
/// nothing throws. It accepts and refuses the same bytes as the generated code (a test compares them).
/// </summary>
internal ref struct WireReader(ReadOnlySpan<byte> bytes)
{
    public const uint Varint = 0;
    public const uint Fixed64 = 1;
    public const uint LengthDelimited = 2;
    private const uint StartGroup = 3;
    private const uint EndGroup = 4;
    public const uint Fixed32 = 5;

    /// <summary>The nesting at which protobuf's own parser gives up.</summary>
    private const int GroupDepthMax = 100;
    private const int VarintBytesMax = 10;

    private readonly ReadOnlySpan<byte> bytes = bytes;
    private int position;

    public bool Malformed { get; private set; }

    /// <summary>How much was read; the end of the bytes when they are malformed.</summary>
    public readonly int Position => position;

    /// <summary>False at the end, and after anything malformed.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool TryReadTag(out uint tag)
    {
        var at = position;
        if ((uint)at < (uint)bytes.Length && bytes[at] is >= 1 << 3 and < 0x80 and var first)
        {
            tag = first;
            position = at + 1;
            return true;
        }
        return TryReadLongTag(out tag);
    }

    private bool TryReadLongTag(out uint tag)
    {
        tag = 0;
        if (position == bytes.Length) return false;
        tag = (uint)ReadLongVarint();
        if (!Malformed && tag >> 3 == 0) Fail();
        return !Malformed;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ulong ReadVarint()
    {
        var at = position;
        if ((uint)at >= (uint)bytes.Length || bytes[at] >= 0x80) return ReadLongVarint();
        position = at + 1;
        return bytes[at];
    }

    private ulong ReadLongVarint()
    {
        ulong value = 0;
        for (var i = 0; i < VarintBytesMax && position < bytes.Length; i++)
        {
            var b = bytes[position++];
            value |= (ulong)(b & 0x7F) << (7 * i);
            if (b < 0x80) return value;
        }
        Fail();
        return 0;
    }

    /// <summary>A sint64.</summary>
    public long ReadZigZag()
    {
        var value = ReadVarint();
        return (long)(value >> 1) ^ -(long)(value & 1);
    }

    public ReadOnlySpan<byte> ReadBytes()
    {
        var length = (int)(uint)ReadVarint();
        if (length < 0 || length > bytes.Length - position)
        {
            Fail();
            return default;
        }
        var result = bytes.Slice(position, length);
        position += length;
        return result;
    }

    /// <summary>Passes over the value of a field that nobody here knows.</summary>
    public void Skip(uint tag) => Skip(tag, 0);

    private void Skip(uint tag, int depth)
    {
        switch (tag & 7)
        {
            case Varint: ReadVarint(); break;
            case Fixed64: Pass(8); break;
            case LengthDelimited: ReadBytes(); break;
            case StartGroup: SkipGroup(tag, depth + 1); break;
            case Fixed32: Pass(4); break;
            default: Fail(); break;
        }
    }

    private void SkipGroup(uint start, int depth)
    {
        var end = (start & ~7u) | EndGroup;
        while (depth < GroupDepthMax && TryReadTag(out var tag))
        {
            if (tag == end) return;
            Skip(tag, depth);
        }
        Fail();
    }

    private void Pass(int count)
    {
        if (count > bytes.Length - position) Fail();
        else position += count;
    }

    public void Fail()
    {
        Malformed = true;
        position = bytes.Length;
    }
}
