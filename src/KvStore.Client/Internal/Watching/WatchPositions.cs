using System.Buffers.Binary;
using System.Buffers.Text;
using System.Text;

namespace KvStore.Client.Internal.Watching;

/// <summary>How far a watch has come, by interval of keys. Immutable: each batch holds the one that was true behind it.</summary>
internal sealed class WatchPositions
{
    private const byte Format = 1;
    private const int ChecksumBytes = 4;

    /// <summary>In key order, without overlaps.</summary>
    private readonly WatchPosition[] _entries;

    private WatchPositions(string keyspace, WatchPosition[] entries) => (Keyspace, _entries) = (keyspace, entries);

    public string Keyspace { get; }

    public IReadOnlyList<WatchPosition> Entries => _entries;

    public static WatchPositions Empty(string keyspace) => new(keyspace, []);

    /// <summary>The same, but for an interval, whose position this is from now on.</summary>
    public WatchPositions With(WatchPosition position)
    {
        var at = Array.FindIndex(_entries, known => known.Interval == position.Interval);
        if (at >= 0)
        {
            var same = (WatchPosition[])_entries.Clone();
            same[at] = position;
            return new WatchPositions(Keyspace, same);
        }
        var entries = new List<WatchPosition>();
        foreach (var known in _entries)
        {
            // A range was split: what lies beside the interval stays where it was.
            if (Intervals.Before(known.Interval, position.Interval.Start) is { } left) entries.Add(known with { Interval = left });
            if (Intervals.Behind(known.Interval, position.Interval.End) is { } right) entries.Add(known with { Interval = right });
        }
        entries.Add(position);
        entries.Sort((a, b) => a.Interval.Start.Memory.Span.SequenceCompareTo(b.Interval.Start.Memory.Span));
        return new WatchPositions(Keyspace, [.. entries]);
    }

    /// <summary>The positions of an interval's parts; null when some part has none.</summary>
    public List<WatchPosition>? Within(KvRange interval)
    {
        var parts = new List<WatchPosition>();
        var start = interval.Start;
        foreach (var entry in _entries)
        {
            if (Intervals.Overlap(entry.Interval, interval) is not { } part) continue;
            if (part.Start != start) return null;
            parts.Add(entry with { Interval = part });
            start = part.End;
        }
        return parts.Count > 0 && start == interval.End ? parts : null;
    }

    public string ToText()
    {
        using var bytes = new MemoryStream();
        using (var writer = new BinaryWriter(bytes, Encoding.UTF8, leaveOpen: true))
        {
            writer.Write(Format);
            writer.Write(Keyspace);
            writer.Write7BitEncodedInt(_entries.Length);
            foreach (var entry in _entries)
            {
                Write(writer, entry.Interval.Start);
                Write(writer, entry.Interval.End);
                writer.Write7BitEncodedInt64((long)entry.RangeId);
                writer.Write7BitEncodedInt64((long)entry.Revision);
            }
        }
        Span<byte> checksum = stackalloc byte[ChecksumBytes];
        BinaryPrimitives.WriteUInt32LittleEndian(checksum, Checksum(bytes.GetBuffer().AsSpan(0, (int)bytes.Length)));
        bytes.Write(checksum);
        return Base64Url.EncodeToString(bytes.GetBuffer().AsSpan(0, (int)bytes.Length));
    }

    /// <summary>Null when the text is not what <see cref="ToText"/> gave.</summary>
    public static WatchPositions? Parse(string text)
    {
        try
        {
            var bytes = Base64Url.DecodeFromChars(text);
            if (bytes.Length <= ChecksumBytes || Checksum(bytes.AsSpan(..^ChecksumBytes)) != BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(^ChecksumBytes..))) return null;
            using var reader = new BinaryReader(new MemoryStream(bytes, 0, bytes.Length - ChecksumBytes), Encoding.UTF8);
            if (reader.ReadByte() != Format) return null;
            var keyspace = reader.ReadString();
            var entries = new WatchPosition[reader.Read7BitEncodedInt()];
            for (var i = 0; i < entries.Length; i++)
                entries[i] = new WatchPosition(new KvRange(Read(reader), Read(reader)), (ulong)reader.Read7BitEncodedInt64(), (ulong)reader.Read7BitEncodedInt64());
            return new WatchPositions(keyspace, entries);
        }
        catch (Exception e) when (e is FormatException or IOException or OverflowException)
        {
            return null;
        }
    }

    private static void Write(BinaryWriter writer, KvBytes key)
    {
        writer.Write7BitEncodedInt(key.Length);
        writer.Write(key.Memory.Span);
    }

    private static KvBytes Read(BinaryReader reader)
    {
        var length = reader.Read7BitEncodedInt();
        var key = length < 0 ? [] : reader.ReadBytes(length);
        return key.Length == length ? new KvBytes(key) : throw new FormatException("a key is cut off");
    }

    /// <summary>FNV-1a: against typing errors, not against anybody.</summary>
    private static uint Checksum(ReadOnlySpan<byte> bytes)
    {
        var hash = 2166136261u;
        foreach (var b in bytes) hash = (hash ^ b) * 16777619u;
        return hash;
    }
}

/// <summary>All events of an interval up to a revision of its range were given.</summary>
internal sealed record WatchPosition(KvRange Interval, ulong RangeId, ulong Revision);
