using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace KvStore.Storage.Engine.Index;

/// <summary>
/// Structs by number in chunks that never move, so that a million of them are a few thousand objects without references for the collector.
/// One writer; readers may follow any number that the writer has published. Slot 0 is never given out: it means "none".
/// </summary>
internal sealed class SlotArena<T> where T : struct
{
    private const int ChunkBits = 8;
    private const int ChunkMask = (1 << ChunkBits) - 1;

    private T[][] _chunks = [new T[1 << ChunkBits]];
    private int _chunkCount = 1;
    private int _next = 1;
    private readonly List<int> _free = [];

    /// <summary>Slots in use.</summary>
    public int Count => _next - 1 - _free.Count;

    /// <summary>Every chunk has as many slots as the mask lets through: its length, in a cache line of its own, is not looked at.</summary>
    public ref T this[int slot] => ref Unsafe.Add(ref MemoryMarshal.GetArrayDataReference(Volatile.Read(ref _chunks)[slot >> ChunkBits]), slot & ChunkMask);

    public int Allocate()
    {
        if (_free.Count > 0)
        {
            int slot = _free[^1];
            _free.RemoveAt(_free.Count - 1);
            return slot;
        }
        if (_next >> ChunkBits == _chunkCount) Grow();
        return _next++;
    }

    /// <summary>Takes a slot back. The caller has made sure that a reader which still follows it notices (<see cref="KeyIndex"/>).</summary>
    public void Free(int slot) => _free.Add(slot);

    private void Grow()
    {
        if (_chunkCount == _chunks.Length)
        {
            var larger = new T[_chunks.Length * 2][];
            _chunks.CopyTo(larger, 0);
            Volatile.Write(ref _chunks, larger);
        }
        Volatile.Write(ref _chunks[_chunkCount], new T[1 << ChunkBits]);
        _chunkCount++;
    }
}
