using System.Runtime.InteropServices;

namespace KvStore.Storage.Wal;

/// <summary>Room for a whole segment while a WAL is opened, given back at once: in the collector's heap it would stay until a full collection, and bring it about.</summary>
internal sealed unsafe class ReadBuffer : IDisposable
{
    private byte* bytes;
    private long capacity;

    /// <summary>So many bytes; what an earlier call gave is no longer valid.</summary>
    public Span<byte> Take(long length)
    {
        if (length > capacity)
        {
            Dispose();
            bytes = (byte*)NativeMemory.Alloc((nuint)length);
            capacity = length;
        }
        return new Span<byte>(bytes, checked((int)length));
    }

    public void Dispose()
    {
        NativeMemory.Free(bytes);
        bytes = null;
        capacity = 0;
    }
}
