using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace KvStore.Storage;

/// <summary>CRC-32C (Castagnoli, reflected 0x82F63B78), by the processor's instruction where there is one.</summary>
public static class Crc32C
{
    /// <summary>The checksum of what <paramref name="seed"/> is the checksum of, followed by <paramref name="data"/>; seed 0 is the empty sequence.</summary>
    public static uint Append(uint seed, ReadOnlySpan<byte> data)
    {
        uint crc = ~seed;
        ref byte start = ref MemoryMarshal.GetReference(data);
        int position = 0;
        for (; position <= data.Length - sizeof(ulong); position += sizeof(ulong))
            crc = BitOperations.Crc32C(crc, Unsafe.ReadUnaligned<ulong>(ref Unsafe.Add(ref start, position)));
        for (; position < data.Length; position++)
            crc = BitOperations.Crc32C(crc, data[position]);
        return ~crc;
    }

    public static uint Append(uint seed, ulong value) => ~BitOperations.Crc32C(~seed, value);

    public static uint Of(ReadOnlySpan<byte> data) => Append(0, data);
}
