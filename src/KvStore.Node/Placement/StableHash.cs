using System.Buffers.Binary;
using System.Numerics;

namespace KvStore.Node.Placement;

/// <summary>
/// XXH64 as its public specification defines it: the same on every machine and in every version, because placement and the
/// running state hash are compared between nodes. Golden tests freeze it. Not for hostile input.
/// </summary>
internal static class StableHash
{
    public const ulong Prime1 = 0x9E3779B185EBCA87;
    public const ulong Prime2 = 0xC2B2AE3D27D4EB4F;
    private const ulong Prime3 = 0x165667B19E3779F9;
    public const ulong Prime4 = 0x85EBCA77C2B2AE63;
    private const ulong Prime5 = 0x27D4EB2F165667C5;
    private const int StripeBytes = 32;

    public static ulong Compute(ReadOnlySpan<byte> bytes, ulong seed = 0)
    {
        var length = (ulong)bytes.Length;
        var hash = bytes.Length >= StripeBytes ? Stripes(ref bytes, seed) : seed + Prime5;
        hash += length;
        for (; bytes.Length >= 8; bytes = bytes[8..])
            hash = BitOperations.RotateLeft(hash ^ Round(0, BinaryPrimitives.ReadUInt64LittleEndian(bytes)), 27) * Prime1 + Prime4;
        if (bytes.Length >= 4)
        {
            hash = BitOperations.RotateLeft(hash ^ (BinaryPrimitives.ReadUInt32LittleEndian(bytes) * Prime1), 23) * Prime2 + Prime3;
            bytes = bytes[4..];
        }
        foreach (var b in bytes) hash = BitOperations.RotateLeft(hash ^ (b * Prime5), 11) * Prime1;
        return Avalanche(hash);
    }

    /// <summary>The hash of two numbers, each as eight bytes, little endian.</summary>
    public static ulong Compute(ulong first, ulong second)
    {
        Span<byte> bytes = stackalloc byte[16];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, first);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes[8..], second);
        return Compute(bytes);
    }

    public static ulong Round(ulong lane, ulong word) => BitOperations.RotateLeft(lane + word * Prime2, 31) * Prime1;

    private static ulong Stripes(ref ReadOnlySpan<byte> bytes, ulong seed)
    {
        ulong a = unchecked(seed + Prime1 + Prime2), b = seed + Prime2, c = seed, d = unchecked(seed - Prime1);
        for (; bytes.Length >= StripeBytes; bytes = bytes[StripeBytes..])
        {
            a = Round(a, BinaryPrimitives.ReadUInt64LittleEndian(bytes));
            b = Round(b, BinaryPrimitives.ReadUInt64LittleEndian(bytes[8..]));
            c = Round(c, BinaryPrimitives.ReadUInt64LittleEndian(bytes[16..]));
            d = Round(d, BinaryPrimitives.ReadUInt64LittleEndian(bytes[24..]));
        }
        var hash = BitOperations.RotateLeft(a, 1) + BitOperations.RotateLeft(b, 7) + BitOperations.RotateLeft(c, 12) + BitOperations.RotateLeft(d, 18);
        return Merge(Merge(Merge(Merge(hash, a), b), c), d);
    }

    private static ulong Merge(ulong hash, ulong lane) => (hash ^ Round(0, lane)) * Prime1 + Prime4;

    private static ulong Avalanche(ulong hash)
    {
        hash = (hash ^ (hash >> 33)) * Prime2;
        hash = (hash ^ (hash >> 29)) * Prime3;
        return hash ^ (hash >> 32);
    }
}
