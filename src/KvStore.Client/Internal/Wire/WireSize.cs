using System.Numerics;

namespace KvStore.Client.Internal.Wire;

/// <summary>Sizes in the protobuf wire format; a field with the default value takes no bytes.</summary>
internal static class WireSize
{
    public static int Varint(ulong value) => (BitOperations.Log2(value | 1) * 9 + 73) / 64;

    /// <summary>Of a tag (one byte for field numbers up to 15) and a varint.</summary>
    public static int Field(ulong value) => value == 0 ? 0 : 1 + Varint(value);

    /// <summary>Of a tag, a length and so many bytes, present even when there are none.</summary>
    public static int Delimited(int length) => 1 + Varint((ulong)length) + length;

    public static int DelimitedUnlessEmpty(int length) => length == 0 ? 0 : Delimited(length);

    public static ulong ZigZag(long value) => (ulong)((value << 1) ^ (value >> 63));

    public static long UnZigZag(ulong value) => (long)(value >> 1) ^ -(long)(value & 1);
}
