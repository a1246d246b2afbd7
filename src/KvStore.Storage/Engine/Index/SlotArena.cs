using System.Runtime.CompilerServices;
using KvStore.Raft;

namespace KvStore.Storage.Engine.Index;

/// <summary>
/// Structs by number in chunks that never move, so that a million of them are a few thousand objects without references for the collector.
/// One writer; readers may follow any number that the writer has published. Slot 0 is never given out: it means "none".
/// </summary>
/// <remarks>
/// Slots are found by address: by a reference to its array, the processor looks at that array's header first, in a cache line that nothing else needs (docs/adr/0025). So whoever uses a slot
/// keeps the arena alive until then.
/// </remarks>
internal sealed unsafe class SlotArena<T> where T : unmanaged
{
    private const int ChunkBits = 10;
    private const int ChunkMask = (1 << ChunkBits) - 1;

    /// <summary>Where each chunk begins: at a cache line, inside the array of the same number in <see cref="_memory"/>.</summary>
    private nint[] _chunks = new nint[1];
    /// <summary>Arrays that the collector leaves where they are, and keeps as long as the arena.</summary>
    private readonly List<byte[]> _memory = [];
    private int _next = 1;
    private readonly List<int> _free = [];

    public SlotArena() => Grow();

    /// <summary>Slots in use.</summary>
    public int Count => _next - 1 - _free.Count;

    public ref T this[int slot] => ref Unsafe.AsRef<T>((T*)Volatile.Read(ref _chunks)[slot >> ChunkBits] + (slot & ChunkMask));

    public int Allocate()
    {
        if (_free.Count > 0)
        {
            int slot = _free[^1];
            _free.RemoveAt(_free.Count - 1);
            return slot;
        }
        if (_next >> ChunkBits == _memory.Count) Grow();
        return _next++;
    }

    /// <summary>Takes a slot back. The caller has made sure that a reader which still follows it notices (<see cref="KeyIndex"/>).</summary>
    public void Free(int slot) => _free.Add(slot);

    private void Grow()
    {
        Invariant.That(CacheLine.Bytes % sizeof(T) == 0, "no slot lies in two cache lines");
        byte[] memory = GC.AllocateArray<byte>((sizeof(T) << ChunkBits) + CacheLine.Bytes - 1, pinned: true);
        nint first = ((nint)Unsafe.AsPointer(ref memory[0]) + CacheLine.Bytes - 1) & -CacheLine.Bytes;
        int chunk = _memory.Count;
        _memory.Add(memory);
        if (chunk == _chunks.Length)
        {
            var larger = new nint[_chunks.Length * 2];
            _chunks.CopyTo(larger, 0);
            Volatile.Write(ref _chunks, larger);
        }
        Volatile.Write(ref _chunks[chunk], first);
    }
}
