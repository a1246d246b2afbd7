using System.Runtime.InteropServices;
using KvStore.Raft;

namespace KvStore.Storage.FileSystem;

/// <summary>
/// The bytes of one in-memory file, sparse, with what an unsynced sector held when it was last durable. So a sync only forgets and a crash only
/// looks at what was written since.
/// </summary>
internal sealed class MemoryFileContent
{
    public const int SectorBytes = 512;
    private const int ChunkBytes = 16 << 10;

    /// <summary>Null chunks are zeros.</summary>
    private readonly List<byte[]?> chunks = [];
    /// <summary>Sector number → where <see cref="durableBytes"/> keeps its durable content. A sector is dirty exactly when it is in here.</summary>
    private readonly Dictionary<long, int> dirty = [];
    private byte[] durableBytes = [];
    /// <summary>Dirty sectors that a failed sync dropped: as on Linux they read as written, and no later sync writes them.</summary>
    private readonly HashSet<long> dropped = [];
    private int durableBytesUsed;
    private long durableLength;

    public long Length { get; private set; }

    public int Read(Span<byte> buffer, long offset)
    {
        int count = (int)Math.Clamp(Length - offset, 0, buffer.Length);
        for (int done = 0; done < count;)
        {
            int inChunk = (int)((offset + done) % ChunkBytes);
            int step = Math.Min(count - done, ChunkBytes - inChunk);
            byte[]? chunk = ChunkAt(offset + done);
            if (chunk is null) buffer.Slice(done, step).Clear();
            else chunk.AsSpan(inChunk, step).CopyTo(buffer[done..]);
            done += step;
        }
        return count;
    }

    public void Write(ReadOnlySpan<byte> data, long offset)
    {
        if (data.IsEmpty) return;
        RememberDurable(offset, offset + data.Length);
        Length = Math.Max(Length, offset + data.Length);
        Put(data, offset);
    }

    public void Grow(long length) => Length = Math.Max(Length, length);

    public void Truncate(long length)
    {
        if (length < Length)
        {
            long end = Math.Min(Length, (long)chunks.Count * ChunkBytes);
            if (length < end) RememberDurable(length, end);
            for (long offset = length; offset < end;)
            {
                int step = (int)Math.Min(end - offset, ChunkBytes - offset % ChunkBytes);
                ChunkAt(offset)?.AsSpan((int)(offset % ChunkBytes), step).Clear();
                offset += step;
            }
        }
        Length = length;
    }

    public void Sync()
    {
        if (dropped.Count == 0) dirty.Clear();
        else foreach (long sector in dirty.Keys.Where(sector => !dropped.Contains(sector)).ToArray()) dirty.Remove(sector);
        durableLength = Length;
    }

    public void DropDirty() => dropped.UnionWith(dirty.Keys);

    public void FlipBit(long bit)
    {
        if (bit / 8 >= Length) throw new ArgumentOutOfRangeException(nameof(bit), bit, "past the end of the file");
        Span<byte> one = stackalloc byte[1];
        Read(one, bit / 8);
        one[0] ^= (byte)(1 << (int)(bit % 8));
        Put(one, bit / 8);
    }

    /// <summary>What a power cut leaves: per unsynced sector the new content, the old, or the new content's beginning before the old one's rest.</summary>
    public MemoryFileContent Survivor(ref CrashDice dice)
    {
        MemoryFileContent survivor = new() { Length = Length, durableLength = Length };
        foreach (byte[]? chunk in chunks) survivor.chunks.Add(chunk?.AsSpan().ToArray());
        long[] sectors = [.. dirty.Keys];
        Array.Sort(sectors);
        CrashPattern pattern = dice.NextPattern();
        foreach (long sector in sectors)
        {
            int kept = dropped.Contains(sector) ? 0 : dice.KeptBytes(pattern, SectorBytes);
            ReadOnlySpan<byte> old = durableBytes.AsSpan(dirty[sector], SectorBytes);
            survivor.Put(old[kept..], sector * SectorBytes + kept);
        }
        if (durableLength != Length && dice.KeptBytes(pattern, SectorBytes) < SectorBytes) survivor.Truncate(durableLength);
        survivor.Sync();
        return survivor;
    }

    private byte[]? ChunkAt(long offset)
    {
        int chunk = (int)(offset / ChunkBytes);
        return chunk < chunks.Count ? chunks[chunk] : null;
    }

    private void Put(ReadOnlySpan<byte> data, long offset)
    {
        for (int done = 0; done < data.Length;)
        {
            int chunk = (int)((offset + done) / ChunkBytes);
            int inChunk = (int)((offset + done) % ChunkBytes);
            int step = Math.Min(data.Length - done, ChunkBytes - inChunk);
            while (chunks.Count <= chunk) chunks.Add(null);
            data.Slice(done, step).CopyTo((chunks[chunk] ??= new byte[ChunkBytes]).AsSpan(inChunk));
            done += step;
        }
    }

    private void RememberDurable(long from, long to)
    {
        for (long sector = from / SectorBytes; sector * SectorBytes < to; sector++)
        {
            dropped.Remove(sector);
            ref int place = ref CollectionsMarshal.GetValueRefOrAddDefault(dirty, sector, out bool known);
            if (known) continue;
            place = dirty.Count == 1 ? durableBytesUsed = 0 : durableBytesUsed;
            durableBytesUsed += SectorBytes;
            if (place + SectorBytes > durableBytes.Length) Array.Resize(ref durableBytes, Math.Max(4 * SectorBytes, durableBytes.Length * 2));
            Span<byte> old = durableBytes.AsSpan(place, SectorBytes);
            byte[]? chunk = ChunkAt(sector * SectorBytes);
            if (chunk is null) old.Clear();
            else chunk.AsSpan((int)(sector * SectorBytes % ChunkBytes), SectorBytes).CopyTo(old);
        }
        Invariant.That(dirty.Count * SectorBytes <= durableBytesUsed && durableBytesUsed <= durableBytes.Length);
    }
}
