namespace KvStore.Linearizability.Search;

/// <summary>
/// The configurations that a search has seen: which completed operations are placed, which unknown ones were used, and the state.
/// A record is the window of the bit set between the first operation not placed and the last one placed, so its size follows the
/// concurrency and not the length of the history. A configuration is also known when a record has the same placed operations and state and
/// used a subset of its unknown operations: whatever can follow the one can follow the other.
/// </summary>
internal sealed class VisitedSet
{
    private const int ChunkBits = 17;
    private const int ChunkWords = 1 << ChunkBits;
    private const int FirstChunkWords = 256;

    /// <summary>Positions have 32 bits; that is 32 GiB, more than any budget.</summary>
    private const int ChunksMax = 1 << (32 - ChunkBits);

    private const int HeaderWords = 2;

    private readonly MemoryAccount _memory;
    private readonly int _unknownWords;
    private readonly List<ulong[]> _chunks = [];

    /// <summary>Heads of the chains of records, as position + 1; its length is a power of two.</summary>
    private uint[] _buckets = new uint[64];
    private int _count;
    private uint _tail;

    /// <param name="memory">Pays for what the set holds.</param>
    /// <param name="unknownWords">Words of the bit set of unknown operations.</param>
    public VisitedSet(MemoryAccount memory, int unknownWords)
    {
        _memory = memory;
        _unknownWords = unknownWords;
        _chunks.Add(new ulong[FirstChunkWords]);
        memory.Charge((FirstChunkWords * sizeof(ulong)) + (_buckets.Length * sizeof(uint)));
    }

    /// <summary>Adds a configuration; false when it, or a better one, is known.</summary>
    /// <param name="firstWord">Where the window starts: all words of the set before it are full.</param>
    /// <param name="window">The words from the one with the first operation not placed to the one with the last one placed.</param>
    /// <param name="unknown">The unknown operations used.</param>
    /// <param name="state">The state.</param>
    public bool TryAdd(int firstWord, ReadOnlySpan<ulong> window, ReadOnlySpan<ulong> unknown, int state)
    {
        var shape = ((ulong)(uint)state << 32) | ((ulong)(uint)firstWord << 16) | (uint)window.Length;
        var hash = Hash(shape, window);
        ref var head = ref _buckets[hash & (uint)(_buckets.Length - 1)];
        for (var at = head; at != 0;)
        {
            var record = RecordAt(at - 1);
            if ((uint)(record[0] >> 32) == hash && record[1] == shape && IsKnown(record[HeaderWords..], window, unknown)) return false;
            at = (uint)record[0];
        }
        var position = Reserve(HeaderWords + window.Length + _unknownWords);
        var added = RecordAt(position);
        added[0] = ((ulong)hash << 32) | head;
        added[1] = shape;
        window.CopyTo(added[HeaderWords..]);
        unknown.CopyTo(added[(HeaderWords + window.Length)..]);
        head = position + 1;
        _count++;
        if (_count > _buckets.Length) Grow();
        return true;
    }

    private static uint Hash(ulong shape, ReadOnlySpan<ulong> window)
    {
        var hash = shape * 0x9E3779B97F4A7C15;
        foreach (var word in window) hash = ((hash ^ (hash >> 29)) + word) * 0xBF58476D1CE4E5B9;
        return (uint)((hash ^ (hash >> 32)) * 0x94D049BB133111EB >> 32);
    }

    private static bool IsKnown(Span<ulong> record, ReadOnlySpan<ulong> window, ReadOnlySpan<ulong> unknown)
    {
        for (var i = 0; i < window.Length; i++)
        {
            if (record[i] != window[i]) return false;
        }
        for (var i = 0; i < unknown.Length; i++)
        {
            if ((record[window.Length + i] & ~unknown[i]) != 0) return false;
        }
        return true;
    }

    private Span<ulong> RecordAt(uint position) => _chunks[(int)(position >> ChunkBits)].AsSpan((int)(position & (ChunkWords - 1)));

    /// <summary>Room for a record that does not cross a chunk's end.</summary>
    private uint Reserve(int words)
    {
        Invariant.That(words <= ChunkWords);
        var position = (_tail & (ChunkWords - 1)) + words > ChunkWords ? (_tail | (ChunkWords - 1)) + 1 : _tail;
        var (chunk, end) = ((int)(position >> ChunkBits), (int)(position & (ChunkWords - 1)) + words);
        if (chunk == _chunks.Count || end > _chunks[chunk].Length) Extend(chunk, end);
        _tail = position + (uint)words;
        return position;
    }

    /// <summary>The first chunk grows by doubling, so that small searches stay small; the others are whole from the start.</summary>
    private void Extend(int chunk, int words)
    {
        Invariant.That(chunk < ChunksMax);
        var length = chunk > 0 ? ChunkWords : Math.Min(ChunkWords, Math.Max(words, _chunks[0].Length * 2));
        _memory.Charge((long)length * sizeof(ulong));
        if (chunk == _chunks.Count)
        {
            _chunks.Add(new ulong[length]);
            return;
        }
        var grown = _chunks[chunk];
        Array.Resize(ref grown, length);
        _chunks[chunk] = grown;
    }

    /// <summary>Without memory for a larger table the chains grow longer; the next chunk will then be refused.</summary>
    private void Grow()
    {
        var length = (long)_buckets.Length * 4;
        if (length > 1 << 29 || !_memory.CanAfford(length * sizeof(uint))) return;
        _memory.Charge(length * sizeof(uint));
        var heads = _buckets;
        _buckets = new uint[length];
        foreach (var head in heads)
        {
            for (var at = head; at != 0;)
            {
                var record = RecordAt(at - 1);
                var following = (uint)record[0];
                ref var bucket = ref _buckets[(record[0] >> 32) & (ulong)(length - 1)];
                record[0] = (record[0] & 0xFFFF_FFFF_0000_0000) | bucket;
                bucket = at;
                at = following;
            }
        }
    }
}
