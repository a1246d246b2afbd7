using System.Buffers;
using System.Numerics;
using KvStore.Raft;

namespace KvStore.Storage.FileSystem;

/// <summary>
/// A piece of an in-memory file, with what its unsynced sectors held when they were last durable. What is known of a sector is a bit of a number, so that a write and a sync cost
/// little more than the copy: simulation spends its disk time here.
/// </summary>
internal sealed class MemoryChunk
{
    public const int SectorBytes = 512;
    private const int Sectors = 32;
    public const int Bytes = Sectors * SectorBytes;

    /// <summary>Empty until something is written.</summary>
    private byte[] bytes = [];
    /// <summary>A survivor has the same <see cref="bytes"/>: who changes them first takes a copy.</summary>
    private bool isShared;
    /// <summary>Sectors that were written; all others are zeros, whatever <see cref="bytes"/> has there.</summary>
    private uint written;
    /// <summary>Written since the last sync.</summary>
    private uint dirty;
    /// <summary>Dirty sectors that a failed sync dropped: as on Linux they read as written, and no later sync writes them.</summary>
    private uint dropped;
    /// <summary>What dirty sectors held when they were last durable; rented while there are such.</summary>
    private byte[] durable = [];
    /// <summary>Dirty sectors whose durable content is in <see cref="durable"/>; the others were zeros.</summary>
    private uint kept;

    public bool IsDirty => dirty != 0;

    public void Read(Span<byte> buffer, int offset)
    {
        if ((SectorsOf(offset, buffer.Length) & ~written) == 0)
        {
            bytes.AsSpan(offset, buffer.Length).CopyTo(buffer);
            return;
        }
        for (int done = 0; done < buffer.Length;)
        {
            int step = Math.Min(buffer.Length - done, SectorBytes - (offset + done) % SectorBytes);
            if ((written & BitOf(offset + done)) == 0) buffer.Slice(done, step).Clear();
            else bytes.AsSpan(offset + done, step).CopyTo(buffer[done..]);
            done += step;
        }
    }

    public void Put(ReadOnlySpan<byte> data, int offset)
    {
        if (data.IsEmpty) return;
        if (!data.ContainsAnyExcept((byte)0))
        {
            Clear(offset, data.Length);
            return;
        }
        if (bytes.Length == 0) bytes = GC.AllocateUninitializedArray<byte>(Bytes);
        Own();
        int end = offset + data.Length;
        if (offset % SectorBytes != 0) BecomeZeros(offset);
        if (end % SectorBytes != 0) BecomeZeros(end);
        data.CopyTo(bytes.AsSpan(offset));
        written |= SectorsOf(offset, data.Length);
    }

    public void Clear(int offset, int count)
    {
        for (int end = offset + count; offset < end;)
        {
            int step = Math.Min(end - offset, SectorBytes - offset % SectorBytes);
            if (step == SectorBytes) written &= ~BitOf(offset);
            else if ((written & BitOf(offset)) != 0)
            {
                Own();
                bytes.AsSpan(offset, step).Clear();
            }
            offset += step;
        }
    }

    /// <summary>Before a change of these bytes.</summary>
    public void RememberDurable(int offset, int count)
    {
        uint touched = SectorsOf(offset, count);
        dropped &= ~touched;
        uint added = touched & ~dirty;
        dirty |= added;
        uint worthKeeping = added & written;
        kept = (kept & ~added) | worthKeeping;
        if (worthKeeping != 0 && durable.Length == 0) durable = ArrayPool<byte>.Shared.Rent(Bytes);
        while (worthKeeping != 0)
        {
            int first = BitOperations.TrailingZeroCount(worthKeeping);
            int run = BitOperations.TrailingZeroCount(~(worthKeeping >> first));
            bytes.AsSpan(first * SectorBytes, run * SectorBytes).CopyTo(durable.AsSpan(first * SectorBytes));
            worthKeeping &= ~SectorsOf(first * SectorBytes, run * SectorBytes);
        }
    }

    public void Sync()
    {
        Invariant.That((dropped & ~dirty) == 0);
        dirty = dropped;
        if (dirty != 0 || durable.Length == 0) return;
        ArrayPool<byte>.Shared.Return(durable);
        durable = [];
    }

    public void DropDirty() => dropped = dirty;

    /// <summary>What a power cut leaves: per dirty sector the new content, the old, or the new content's beginning before the old one's rest.</summary>
    public MemoryChunk Survivor(ref CrashDice dice, CrashPattern pattern)
    {
        isShared = true;
        MemoryChunk survivor = new() { bytes = bytes, written = written, isShared = true };
        for (uint left = dirty; left != 0; left &= left - 1)
        {
            int sector = BitOperations.TrailingZeroCount(left);
            int survived = (dropped & 1u << sector) != 0 ? 0 : dice.KeptBytes(pattern, SectorBytes);
            int from = sector * SectorBytes + survived;
            if ((kept & 1u << sector) == 0) survivor.Clear(from, SectorBytes - survived);
            else survivor.Put(durable.AsSpan(from, SectorBytes - survived), from);
        }
        return survivor;
    }

    private void Own()
    {
        if (!isShared) return;
        bytes = bytes.AsSpan().ToArray();
        isShared = false;
    }

    /// <summary>A sector that will be written in part.</summary>
    private void BecomeZeros(int offset)
    {
        if ((written & BitOf(offset)) != 0) return;
        bytes.AsSpan(offset / SectorBytes * SectorBytes, SectorBytes).Clear();
    }

    private static uint BitOf(int offset) => 1u << offset / SectorBytes;

    private static uint SectorsOf(int offset, int count)
    {
        int first = offset / SectorBytes, last = (offset + count - 1) / SectorBytes;
        Invariant.That(count > 0 && last < Sectors);
        return uint.MaxValue >> (Sectors - 1 - last + first) << first;
    }
}
