using System.Buffers.Binary;

namespace KvStore.Storage.Engine.Index;

/// <summary>A 64-bit hash of a key: 8 bytes at a time through a 64 × 64 → 128 bit multiplication. Not persisted, so it may change.</summary>
internal static class KeyHash
{
    private const ulong A = 0x9E3779B97F4A7C15, B = 0xD6E8FEB86659FD93;

    public static ulong Of(ReadOnlySpan<byte> key)
    {
        ulong hash = A ^ (ulong)key.Length;
        for (; key.Length >= 8; key = key[8..]) hash = Mix(hash ^ BinaryPrimitives.ReadUInt64LittleEndian(key), B);
        ulong rest = 0;
        for (int i = 0; i < key.Length; i++) rest |= (ulong)key[i] << (8 * i);
        return Mix(Mix(hash ^ rest, B), A);
    }

    private static ulong Mix(ulong a, ulong b)
    {
        ulong high = Math.BigMul(a, b, out ulong low);
        return high ^ low;
    }
}
