using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace KvStore.Storage;

/// <summary>CRC-32C (Castagnoli, reflected 0x82F63B78), by the processor's instruction where there is one.</summary>
public static class Crc32C
{
    /// <summary>The instruction gives its result after three cycles and takes a new one in each, so three lanes cost what one does. Two times three of these are the smallest batch of the WAL.</summary>
    private const int LaneBytes = 672;
    /// <summary>x^(8n - 33) modulo the polynomial, reflected, for n = one lane and two: what moves a checksum by so many bytes.</summary>
    private const uint OneLane = 0xCEC3662E, TwoLanes = 0xC9C8B782;

    /// <summary>The checksum of what <paramref name="seed"/> is the checksum of, followed by <paramref name="data"/>; seed 0 is the empty sequence.</summary>
    public static uint Append(uint seed, ReadOnlySpan<byte> data)
    {
        uint crc = ~seed;
        ref byte start = ref MemoryMarshal.GetReference(data);
        int position = 0;
        if (Pclmulqdq.IsSupported && Sse42.X64.IsSupported)
            for (; position <= data.Length - 3 * LaneBytes; position += 3 * LaneBytes) crc = AppendLanes(crc, ref Unsafe.Add(ref start, position));
        for (; position <= data.Length - sizeof(ulong); position += sizeof(ulong))
            crc = BitOperations.Crc32C(crc, Unsafe.ReadUnaligned<ulong>(ref Unsafe.Add(ref start, position)));
        for (; position < data.Length; position++)
            crc = BitOperations.Crc32C(crc, data[position]);
        return ~crc;
    }

    private static uint AppendLanes(uint crc, ref byte start)
    {
        ulong first = crc, second = 0, third = 0;
        for (int position = 0; position < LaneBytes; position += sizeof(ulong))
        {
            ref byte at = ref Unsafe.Add(ref start, position);
            first = Sse42.X64.Crc32(first, Unsafe.ReadUnaligned<ulong>(ref at));
            second = Sse42.X64.Crc32(second, Unsafe.ReadUnaligned<ulong>(ref Unsafe.Add(ref at, LaneBytes)));
            third = Sse42.X64.Crc32(third, Unsafe.ReadUnaligned<ulong>(ref Unsafe.Add(ref at, 2 * LaneBytes)));
        }
        return (uint)(third ^ Sse42.X64.Crc32(0, Product(first, TwoLanes) ^ Product(second, OneLane)));
    }

    private static ulong Product(ulong checksum, uint factor) => Pclmulqdq.CarrylessMultiply(Vector128.CreateScalar(checksum), Vector128.CreateScalar((ulong)factor), 0).ToScalar();

    public static uint Append(uint seed, ulong value) => ~BitOperations.Crc32C(~seed, value);

    public static uint Of(ReadOnlySpan<byte> data) => Append(0, data);
}
