namespace KvStore.Storage.FileSystem;

/// <summary>The bytes of one in-memory file, sparse; what was written since the last sync can be lost in a crash.</summary>
internal sealed class MemoryFileContent
{
    /// <summary>Null chunks are zeros, and durable.</summary>
    private readonly List<MemoryChunk?> chunks = [];
    private readonly List<MemoryChunk> dirty = [];
    private long durableLength;

    public long Length { get; private set; }

    public int Read(Span<byte> buffer, long offset)
    {
        int count = (int)Math.Clamp(Length - offset, 0, buffer.Length);
        for (int done = 0; done < count;)
        {
            int step = StepAt(offset + done, count - done);
            MemoryChunk? chunk = ChunkAt(offset + done);
            if (chunk is null) buffer.Slice(done, step).Clear();
            else chunk.Read(buffer.Slice(done, step), PlaceOf(offset + done));
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
            long end = Math.Min(Length, (long)chunks.Count * MemoryChunk.Bytes);
            if (length < end) RememberDurable(length, end);
            for (long offset = length; offset < end;)
            {
                int step = StepAt(offset, end - offset);
                ChunkAt(offset)?.Clear(PlaceOf(offset), step);
                offset += step;
            }
        }
        Length = length;
    }

    public void Sync()
    {
        foreach (MemoryChunk chunk in dirty) chunk.Sync();
        dirty.RemoveAll(static chunk => !chunk.IsDirty);
        durableLength = Length;
    }

    /// <summary>A failed sync drops what it should have written; see <see cref="MemoryChunk"/>.</summary>
    public void DropDirty()
    {
        foreach (MemoryChunk chunk in dirty) chunk.DropDirty();
    }

    public void FlipBit(long bit)
    {
        if (bit / 8 >= Length) throw new ArgumentOutOfRangeException(nameof(bit), bit, "past the end of the file");
        Span<byte> one = stackalloc byte[1];
        Read(one, bit / 8);
        one[0] ^= (byte)(1 << (int)(bit % 8));
        Put(one, bit / 8);
    }

    /// <summary>What a power cut leaves, sector by sector.</summary>
    public MemoryFileContent Survivor(ref CrashDice dice)
    {
        MemoryFileContent survivor = new() { Length = Length, durableLength = Length };
        CrashPattern pattern = dice.NextPattern();
        foreach (MemoryChunk? chunk in chunks) survivor.chunks.Add(chunk?.Survivor(ref dice, pattern));
        if (durableLength != Length && dice.KeptBytes(pattern, MemoryChunk.SectorBytes) < MemoryChunk.SectorBytes) survivor.Truncate(durableLength);
        survivor.Sync();
        return survivor;
    }

    private MemoryChunk? ChunkAt(long offset)
    {
        int chunk = (int)(offset / MemoryChunk.Bytes);
        return chunk < chunks.Count ? chunks[chunk] : null;
    }

    private MemoryChunk Chunk(long offset)
    {
        int chunk = (int)(offset / MemoryChunk.Bytes);
        while (chunks.Count <= chunk) chunks.Add(null);
        return chunks[chunk] ??= new MemoryChunk();
    }

    private static int PlaceOf(long offset) => (int)(offset % MemoryChunk.Bytes);

    /// <summary>How many of these bytes lie in the chunk of the first.</summary>
    private static int StepAt(long offset, long count) => (int)Math.Min(count, MemoryChunk.Bytes - PlaceOf(offset));

    private void Put(ReadOnlySpan<byte> data, long offset)
    {
        for (int done = 0; done < data.Length;)
        {
            int step = StepAt(offset + done, data.Length - done);
            Chunk(offset + done).Put(data.Slice(done, step), PlaceOf(offset + done));
            done += step;
        }
    }

    private void RememberDurable(long from, long to)
    {
        while (from < to)
        {
            int step = StepAt(from, to - from);
            MemoryChunk chunk = Chunk(from);
            if (!chunk.IsDirty) dirty.Add(chunk);
            chunk.RememberDurable(PlaceOf(from), step);
            from += step;
        }
    }
}
