using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace KvStore.Storage.Engine.Index;

/// <summary>What the processor's cache holds of memory.</summary>
internal static class CacheLine
{
    public const int Bytes = 64;

    /// <summary>Brings the line in which a place begins into the cache; on x86-64 without waiting for it, whatever becomes of the place.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe void Fetch<T>(ref T place) where T : unmanaged
    {
        if (Sse.IsSupported) Sse.Prefetch0(Unsafe.AsPointer(ref place));
        else _ = Volatile.Read(ref Unsafe.As<T, byte>(ref place));
    }
}
