using System.Runtime.InteropServices;
using KvStore.Raft;

namespace KvStore.Storage.Engine.Index;

/// <summary>The bytes of all keys, in chunks. A reference packs place and length into one word, so that a reader never sees half of one.</summary>
internal sealed class KeyBytes
{
    private const int ChunkBits = 15;
    private const int ChunkBytes = 1 << ChunkBits;
    private const int LengthBits = 16;
    /// <summary>The part of a reference that is the key's length.</summary>
    public const ulong LengthMask = (1 << LengthBits) - 1;
    /// <summary>Cells are multiples of this; freed cells are kept by size.</summary>
    private const int CellBytes = 4;

    private byte[][] _chunks = [];
    private int _chunkCount;
    private int _used = ChunkBytes;
    private readonly List<ulong>?[] _free = new List<ulong>?[StoredRecord.KeyBytesMax / CellBytes + 1];

    public ReadOnlySpan<byte> this[ulong reference]
    {
        get
        {
            ulong place = reference >> LengthBits;
            return Volatile.Read(ref _chunks)[place >> ChunkBits].AsSpan((int)(place & (ChunkBytes - 1)), (int)(reference & LengthMask));
        }
    }

    /// <summary>Fetches the beginning of a key.</summary>
    public void Fetch(ulong reference)
    {
        if ((reference & LengthMask) != 0) CacheLine.Fetch(ref MemoryMarshal.GetReference(this[reference]));
    }

    public ulong Add(ReadOnlySpan<byte> key)
    {
        Invariant.That(key.Length <= StoredRecord.KeyBytesMax);
        ulong place = Allocate(CellOf(key.Length));
        key.CopyTo(_chunks[place >> ChunkBits].AsSpan((int)(place & (ChunkBytes - 1))));
        return place << LengthBits | (uint)key.Length;
    }

    public void Free(ulong reference)
    {
        int cell = CellOf((int)(reference & LengthMask));
        (_free[cell / CellBytes] ??= []).Add(reference >> LengthBits);
    }

    private static int CellOf(int length) => Math.Max(CellBytes, (length + CellBytes - 1) & -CellBytes);

    private ulong Allocate(int cell)
    {
        if (_free[cell / CellBytes] is { Count: > 0 } free)
        {
            ulong reused = free[^1];
            free.RemoveAt(free.Count - 1);
            return reused;
        }
        if (_used + cell > ChunkBytes) Grow();
        ulong place = ((ulong)(_chunkCount - 1) << ChunkBits) | (uint)_used;
        _used += cell;
        return place;
    }

    private void Grow()
    {
        if (_chunkCount == _chunks.Length)
        {
            var larger = new byte[Math.Max(4, _chunks.Length * 2)][];
            _chunks.CopyTo(larger, 0);
            Volatile.Write(ref _chunks, larger);
        }
        Volatile.Write(ref _chunks[_chunkCount], new byte[ChunkBytes]);
        _chunkCount++;
        _used = 0;
    }
}
